"""`tfinfra runs`: all runs that this machine, or a cloud, knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import cloud_options

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.record.run_status import RunStatus


@click.command(short_help="List runs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: CloudOptions, as_json: bool) -> int:
    """List all runs: state, result, time, cost, and what is left of them. With --cloud, --target or --subscription
    those of that cloud, whichever machine began them."""
    from tfinfra.cli.output import columns, print_document, progress, result_line, show
    from tfinfra.lifecycle.attach.overview import all_statuses
    from tfinfra.lifecycle.record.run_status import RunState
    from tfinfra.system.clock import right_now

    states = all_statuses(asked, progress)
    if as_json:
        print_document({"runs": states})
    elif not states:
        result_line("no runs yet")
    else:
        show(*columns([HEAD, *(row(state, right_now()) for state in states)]))
        for state in states:
            odd = [each for each in state.unreadable if each not in state.message]
            for line in (state.message, *odd) if state.state == RunState.UNKNOWN else state.unreadable:
                result_line(f"{state.run}: {line}")
    return 0


HEAD = ("RUN", "STATE", "RESULT", "STARTED", "TOOK", "USD", "LEFT")


def row(state: RunStatus, now: float) -> tuple[str, ...]:
    """The cells of a run under HEAD; `now` in Unix seconds."""
    from tfinfra.lifecycle.record.run_status import RunState
    from tfinfra.system.clock import iso_time
    from tfinfra.text.wording import spell_seconds

    # Of a run that others deleted no end is recorded.
    until = state.ended or (None if state.state == RunState.DELETED else now)
    took = until - state.started if state.started and until else None
    under_way = state.state in (RunState.PROVISIONING, RunState.TRAINING)
    name = state.state + (" (unwatched)" if under_way and not state.watched else "")
    return (
        state.run,
        name,
        state.result or "-",
        iso_time(state.started) if state.started else "-",
        spell_seconds(took) if took is not None else "-",
        f"{state.usd:.2f}" + (f" of {state.max_cost_usd:.2f}" if state.max_cost_usd is not None else ""),
        ", ".join(state.groups) or "nothing",
    )
