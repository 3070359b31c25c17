"""`tfinfra report`: a run as a page to look at, or several beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import all_runs, completing
from tfinfra.cli.options import NamedPath, cloud_options

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Write a run as a page to look at, or several compared.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=completing(all_runs))
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FILE",
    type=NamedPath(path_type=Path),
    help="Where to; - is stdout. Without it: report.html beside the run's outputs, of several ./comparison.html.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: CloudOptions, runs: tuple[str, ...], out: Path | None, as_json: bool) -> int:
    """Write the page of RUN: one file of HTML that needs nothing else, with curves, timeline, cost and logs, as it
    stands now. Of several runs, the page that compares them: what differs first, their curves in one drawing. A RUN is
    a run's id or a name: of the name's only live run or, where none is live, of the newest that has ended."""
    from tfinfra.cli.output import print_document, progress, result_line
    from tfinfra.cli.tables import show_lines
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.pages.report import place, report, write_report

    to_stdout = out is not None and str(out) == "-"
    if to_stdout and as_json:
        raise UsageError("--json and -o - contradict each other", hint="give one of them")
    found = [find_run(run, asked, progress, ended=True) for run in runs]
    text = report(found)
    if to_stdout:
        show_lines(text.splitlines(), whole=True)
        return 0
    path = out or place(found)
    write_report(text, path)
    if as_json:
        print_document("report", {"runs": [each.run for each in found], "file": str(path.absolute())})
    else:
        result_line(f"{'the page' if len(found) == 1 else 'the comparison'}: {path}")
    return 0
