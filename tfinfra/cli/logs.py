"""`tfinfra logs`: a run's logs, while it goes on or afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import cloud_options

if TYPE_CHECKING:
    from tfinfra.lifecycle.places import Asked


@click.command(short_help="Print a run's logs.")
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--task", help="The task whose log to print; the leader's where none is given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: Asked, run: str, follow: bool, task: str | None, as_json: bool) -> int:
    """Print the log of RUN's leading task, or of --task."""
    from tfinfra.cli.output import print_document, progress
    from tfinfra.lifecycle.access import find_run
    from tfinfra.lifecycle.resume import log_lines, log_names

    found = find_run(run, asked, progress)
    lines = log_lines(found, task, follow)
    if as_json:
        print_document({"run": found.run, "task": task or log_names(found)[0], "lines": list(lines)})
        return 0
    for line in lines:
        print(line, flush=True)
    return 0
