"""`tfinfra wait`: the end of a run, waited for in a process that need not be the one that began it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import cloud_options, run_argument

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.awaiting.awaited_run import Waited
    from tfinfra.lifecycle.awaiting.run_end import RunEnd


@click.command(short_help="Wait until a run has ended, and end as it did.")
@run_argument
@click.option("--timeout", metavar="TIME", help="Wait no longer: 90s, 50m or 6h. The exit code is 12 then.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: CloudOptions, run: str, timeout: str | None, as_json: bool) -> int:
    """Wait until RUN (its id, or its name where one run of it is live) has ended, and exit with its own exit code: 0,
    7 where the training failed, 9 where a limit was reached, and so on; 12 where only the waiting has ended. It takes
    no part in the run: Ctrl-C (exit 8), --timeout and the end of this process leave it as it is. From any machine that
    may read the run's cloud; outputs that its client did not bring home stay for `tfinfra fetch`."""
    from tfinfra.cli.output import print_document, progress
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.awaiting.awaited_run import wait_for_end
    from tfinfra.system.clock import seconds_of

    seconds = seconds_of(timeout) if timeout is not None else None
    if timeout is not None and seconds is None:
        raise UsageError(f"--timeout '{timeout}' is no time", hint="write it as 90s, 50m or 6h")
    waited = wait_for_end(run, asked, seconds, progress)
    if as_json:
        print_document("wait", waited.document())
    _conclude(waited)
    return waited.exit_code


def _conclude(waited: Waited) -> None:
    from tfinfra.cli.output import result_line
    from tfinfra.text.wording import spell_seconds

    end = waited.end
    if end is None:
        result_line(
            f"the waiting has ended after {spell_seconds(waited.seconds)}, the run goes on: {waited.run} is"
            f" {waited.state}; `tfinfra wait {waited.run}` goes on waiting"
        )
        return
    _tell_failure(end)
    result_line(f"{end.run} {end.result or 'has ended'}")
    if end.results is not None:
        result_line(f"  its outputs are in {end.results}")
    elif end.kept_until:
        result_line(f"  its outputs are in its store until {end.kept_until}")
        result_line(f"  `tfinfra fetch {end.run}` brings them home and deletes what is left of it")


def _tell_failure(end: RunEnd) -> None:
    from tfinfra.cli.output import print_error
    from tfinfra.errors import error_of

    if end.exit_code:
        print_error(
            error_of(end.exit_code)(end.message or f"{end.run} has ended with exit code {end.exit_code}", end.hint)
        )
