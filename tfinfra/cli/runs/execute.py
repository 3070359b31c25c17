"""`tfinfra exec`: a command on nodes of a run that lives."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, live_runs
from tfinfra.cli.options import cloud_options, json_option

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.watch.log_reader import LogLine

_MOST_LINES = 10_000


@click.command(short_help="Run a command on a run's nodes.")
@click.argument("run", shell_complete=completing(live_runs))
@click.argument("argv", metavar="-- COMMAND", nargs=-1, required=True)
@click.option(
    "--node", metavar="N", type=click.IntRange(0, 10**6), help="The node of this rank; 0 where none is given."
)
@click.option("--all", "everywhere", is_flag=True, help="On all nodes at once.")
@json_option
@cloud_options
def command(
    *, asked: CloudOptions, run: str, argv: tuple[str, ...], node: int | None, everywhere: bool, as_json: bool
) -> int:
    """Run COMMAND on a node of RUN, while it trains or while its nodes are held: with the variables, the working folder
    and the user of that node's first task, and its Python on PATH. It goes through the run's store, by a request that
    only the machine which began the run can sign (docs/security.md). Ends with the command's own exit status. Ctrl-C
    ends it on the node. What it prints is bounded (64 MiB) and masked as a task's log is."""
    from tfinfra.cli.output import print_document, progress, show_log, show_output
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.asking.execute import execute
    from tfinfra.lifecycle.attach.find_run import find_run

    if everywhere and node is not None:
        raise UsageError("--all and --node contradict each other", hint="give one of them")
    count = 0
    lines: deque[LogLine] = deque(maxlen=_MOST_LINES)

    def show(line: LogLine) -> None:
        nonlocal count
        count += 1
        if as_json:
            lines.append(line)
        elif everywhere:
            show_log(line, named=True)
        else:
            show_output(line)

    argv = argv[argv[0] == "--" :]  # a second one, in front of the command, is no program
    if not argv:
        raise UsageError("`tfinfra exec` lacks its COMMAND", hint=f"write `tfinfra exec {run} -- COMMAND`")
    found = find_run(run, asked, progress, nodes=True)
    executed = execute(found, argv, None if everywhere else node or 0, show, progress)
    if as_json:
        print_document("exec", executed.document([*lines], count - len(lines)))
    for one in executed.nodes:
        if one.message:
            progress(f"node {one.node}: {one.message}")
    return executed.exit_status
