"""`tfinfra logs`: a run's logs, while it goes on or afterwards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, tasks
from tfinfra.cli.options import cloud_options, run_argument

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions

_MOST = 10**9


@click.command(short_help="Print a run's logs.")
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "--task", shell_complete=completing(tasks), help="The task whose log to print; the leader's where none is given."
)
@click.option("--all", "everybody", is_flag=True, help="The logs of all tasks together, by their times.")
@click.option("--tail", metavar="N", type=click.IntRange(0, _MOST), help="Only the last N lines, and what follows.")
@click.option("-t", "--timestamps", is_flag=True, help="When its node found each line (UTC), before it.")
@click.option("--raw", is_flag=True, help="Print the lines as the script wrote them, into a file or a pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(
    *,
    asked: CloudOptions,
    run: str,
    follow: bool,
    task: str | None,
    everybody: bool,
    tail: int | None,
    timestamps: bool,
    raw: bool,
    as_json: bool,
) -> int:
    """Print the log of RUN's leading task, of --task, or of --all. RUN is a run's id or a name: of the name's only live
    run or, where none is live, of the newest that has ended. On a terminal colours are kept, and whatever else a
    terminal or a CI system would obey is taken out; each line begins with its task, except in a file."""
    from tfinfra.cli.output import print_document, progress, show_log
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.attach.run_logs import WantedLogs, log_lines, log_names

    if raw and (as_json or sys.stdout.isatty()):
        raise UsageError("--raw is for a file or a pipe, without --json", hint="a terminal would obey what a log holds")
    if everybody and task is not None:
        raise UsageError("--all and --task contradict each other", hint="--all prints the logs of all tasks")
    wanted = WantedLogs(task, everybody=everybody, follow=follow, tail=tail)
    found = find_run(run, asked, progress, ended=True)
    lines = log_lines(found, wanted, progress)
    if as_json:
        names = log_names(found, wanted)
        print_document("logs", {"run": found.run, "tasks": names, "lines": list(lines)})
        return 0
    for line in lines:
        show_log(line, raw=raw, named=everybody, timed=timestamps)
    return 0
