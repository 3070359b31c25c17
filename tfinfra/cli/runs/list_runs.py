"""`tfinfra runs`: all runs that this machine, or a cloud, knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, run_names, tunes
from tfinfra.cli.options import cloud_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.record.run_status import RunStatus

STATES = ("starting", "provisioning", "training", "held", "ended", "deleting", "incomplete", "deleted", "unknown")
RESULTS = ("succeeded", "failed", "cancelled", "limit", "error")
LIMIT = 20


@click.command(short_help="List runs.")
@click.option("--of", metavar="TUNE", shell_complete=completing(tunes), help="The trials of this tune, the best first.")
@click.option("--name", metavar="NAME", shell_complete=completing(run_names), help="Only runs of this name.")
@click.option(
    "--state",
    metavar="STATE",  # all of them in one word are wider than a terminal, which breaks it anywhere
    type=click.Choice(STATES),
    multiple=True,
    help=f"Only runs in this state: {', '.join(STATES[:-1])} or {STATES[-1]}; may be repeated.",
)
@click.option("--result", type=click.Choice(RESULTS), multiple=True, help="Only runs that ended so; may be repeated.")
@click.option("--since", metavar="WHEN", help="Only runs that began since then: 2h, 7d or 2026-11-24 (UTC).")
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), help=f"At most so many, 0 for all. [{LIMIT}; with --json 0]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(
    *,
    asked: CloudOptions,
    of: str | None,
    name: str | None,
    state: tuple[str, ...],
    result: tuple[str, ...],
    since: str | None,
    limit: int | None,
    as_json: bool,
) -> int:
    """List runs, the newest first: state, result, time, cost, and what is left of them. With --cloud, --target or
    --subscription those of that cloud, whichever machine began them. --of lists the trials of a tune instead."""
    from tfinfra.cli.output import print_document, progress, result_line
    from tfinfra.cli.tables import show_table
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.attach.overview import RunFilter, all_statuses, selected
    from tfinfra.system.clock import moment_of, right_now

    if of is not None:
        if name or state or result or since:
            raise UsageError("--of lists the trials of one tune, and takes no other choice", "--limit cuts the list")
        return _list_trials(of, asked, (0 if as_json else LIMIT) if limit is None else limit, as_json=as_json)
    begun = moment_of(since, right_now()) if since is not None else None
    wanted = RunFilter(name, frozenset(state), frozenset(result), begun)
    found = selected(all_statuses(asked, progress), wanted)
    most = (0 if as_json else LIMIT) if limit is None else limit
    shown = found[:most] if most else found
    if as_json:
        print_document("runs", {"runs": shown})
        return 0
    if not found:
        nowhere = "no runs yet" if asked.nothing else "no run is live or kept there"
        result_line(nowhere if wanted == RunFilter() else "no run is like that")
    else:
        paint = {"STATE": _paint, "RESULT": _paint, "USD": _usd}
        show_table(HEAD, [row(each, right_now()) for each in shown], paint, {"STARTED": _short_time})
    if len(found) > len(shown):
        result_line(f"and {len(found) - len(shown)} more; `--limit 0` lists all")
    for line in _odd_lines(shown):
        result_line(line)
    return 0


def _list_trials(of: str, asked: CloudOptions, most: int, *, as_json: bool) -> int:
    from tfinfra.cli.output import print_document, progress, result_line
    from tfinfra.cli.tuning.trials import show_trials
    from tfinfra.lifecycle.attach.of_a_tune import known_tune
    from tfinfra.lifecycle.watch.tune_state import tune_document
    from tfinfra.system.clock import right_now

    tune = known_tune(of, asked, progress)
    if as_json:
        print_document("trials", tune_document(tune))
    elif not tune.trials:
        result_line(f"{tune.tune}: no trial was begun yet")
    elif left := show_trials(tune, right_now(), most):
        result_line(f"and {left} more; `--limit 0` lists all")
    return 0


HEAD = ("RUN", "STATE", "RESULT", "STARTED", "TOOK", "USD", "LEFT")
_COLORS = {"succeeded": "green", "failed": "red", "error": "red", "limit": "yellow", "incomplete": "red"}
_COLORS |= dict.fromkeys(STATES[:5], "cyan")


def row(state: RunStatus, now: float) -> tuple[str, ...]:
    """The cells of a run under HEAD; `now` in Unix seconds."""
    from tfinfra.azure.deletion.group_names import part_of_group
    from tfinfra.lifecycle.record.run_status import RunState
    from tfinfra.system.clock import iso_time
    from tfinfra.text.wording import spell_seconds

    took = state.took(now)
    under_way = state.state in (RunState.PROVISIONING, RunState.TRAINING)
    name = state.state + (" (unwatched)" if under_way and not state.watched else "")
    return (
        state.run,
        name,
        state.result or "-",
        iso_time(state.started)[:16] + "Z" if state.started else "-",
        spell_seconds(took) if took is not None else "-",
        f"{state.usd:.2f}" + (f" of {state.max_cost_usd:.2f}" if state.max_cost_usd is not None else ""),
        ", ".join(part_of_group(group) or group for group in state.groups) or "-",
    )


def _paint(cell: str) -> str:
    return _COLORS.get(cell.partition(" ")[0], "")


def _short_time(cell: str) -> str:
    """ "11-24 10:00Z" of a moment of this year."""
    from tfinfra.system.clock import iso_time

    return cell.removeprefix(iso_time()[:5]).replace("T", " ")


def _usd(cell: str) -> str:
    return "dim" if cell == "0.00" else "bold"


def _odd_lines(states: Sequence[RunStatus]) -> list[str]:
    """What of the runs' records cannot be read."""
    lines: list[str] = []
    for state in states:
        odd = [each for each in state.unreadable if each not in state.message]
        told = (state.message, *odd) if state.state == "unknown" else state.unreadable
        lines += [f"{state.run}: {line}" for line in told]
    return lines
