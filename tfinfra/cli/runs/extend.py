"""`tfinfra extend`: more time for the nodes that a run keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, live_runs
from tfinfra.cli.options import cloud_options, json_option

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Give the nodes that a run keeps more time.")
@click.argument("run", shell_complete=completing(live_runs))
@click.argument("time")
@json_option
@cloud_options
def command(*, asked: CloudOptions, run: str, time: str, as_json: bool) -> int:
    """Put the deadline of RUN, whose nodes `up --keep` has kept, off by TIME (30m, 2h, 1d), and say what that costs. It
    goes no further than to the latest time that the run's timer and nodes hold since they were made: within
    `max_cost_usd`, the guardrails' `max_run_duration`, half the time for which outputs are kept, and a day."""
    from tfinfra.cli.output import print_document, progress, result_line
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.asking.extend import extend
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.system.clock import seconds_of

    seconds = seconds_of(time)
    if not seconds:
        raise UsageError(f"'{time}' is no time", hint="write it as 30m, 2h or 1d")
    extended = extend(find_run(run, asked, progress, nodes=True), seconds)
    if as_json:
        print_document("extend", extended.document())
    cost = f"{extended.usd:.2f} USD at list price" if extended.usd else "it costs nothing here"
    result_line(f"the nodes of {extended.run} are held until {extended.deadline} now: {cost}")
    result_line(f"  outputs stay until {extended.keep_until}, as before: what ends later has less time to be fetched")
    if extended.deadline == extended.latest:
        result_line("  that is the latest time that its timer and nodes hold")
    return 0
