"""`tfinfra logs`: a run's logs, while it goes on or afterwards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import cloud_options

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Print a run's logs.")
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--task", help="The task whose log to print; the leader's where none is given.")
@click.option("--raw", is_flag=True, help="Print the lines as the script wrote them, into a file or a pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: CloudOptions, run: str, follow: bool, task: str | None, raw: bool, as_json: bool) -> int:
    """Print the log of RUN's leading task, or of --task. On a terminal colours are kept, and whatever else a terminal
    or a CI system would obey is taken out; each line begins with its task, except in a file."""
    from tfinfra.cli.output import print_document, progress, show_log
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.attach.attached_run import log_lines, log_name
    from tfinfra.lifecycle.attach.find_run import find_run

    if raw and (as_json or sys.stdout.isatty()):
        raise UsageError("--raw is for a file or a pipe, without --json", hint="a terminal would obey what a log holds")
    found = find_run(run, asked, progress)
    name = log_name(found, task)
    lines = log_lines(found, name, follow)
    if as_json:
        print_document({"run": found.run, "task": name, "lines": list(lines)})
        return 0
    for line in lines:
        show_log(name, line, raw=raw)
    return 0
