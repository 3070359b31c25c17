"""Which runs there are and how each stands: this machine's records first, then the clouds' own tags, so that a run
whose record was lost is found too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from tfinfra.azure.deletion.group_names import RUN_ID, name_of_run, part_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import Result, UsageError
from tfinfra.lifecycle.record import spending
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.model import Outcome

NODES_STAY = "`tfinfra up --keep` leaves a run's nodes until its deadline"
LISTED = 8
"""Runs that an error lists, the newest first."""


class RunState(str, Enum):
    """How a run stands, as `runs` and `status` show it: its phase, but for what its groups and its store say besides.
    UNKNOWN: it has no record, or none that can be read, or how it ended cannot."""

    STARTING = "starting"
    PROVISIONING = "provisioning"
    TRAINING = "training"
    HELD = "held"
    ENDED = "ended"
    DELETING = "deleting"
    INCOMPLETE = "incomplete"
    DELETED = "deleted"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class RunStatus:
    """One run as `runs` and `status` show it. `unreadable` are the records that cannot be read, each with the reason.
    `usd` is the list price so far, 0 on this machine; `max_cost_usd` what it may be at most."""

    run: str
    state: RunState
    result: Result | None
    message: str
    started: float | None
    ended: float | None
    deadline: str
    usd: float
    usd_per_hour: float
    groups: tuple[str, ...]
    watched: bool
    results: str | None
    max_cost_usd: float | None = None
    owner: str = ""
    unreadable: tuple[str, ...] = ()

    def took(self, now: float) -> float | None:
        """Seconds from its start to its end, or to `now`. None where one of them is not known: of a run that others
        deleted no end is recorded."""
        until = self.ended or (None if self.state == RunState.DELETED else now)
        return until - self.started if self.started and until else None


def matching_run(
    name: str,
    records: Sequence[RunRecord],
    groups: Iterable[RunGroup] = (),
    *,
    ended: bool = False,
    nodes: bool = False,
) -> str:
    """The id of a run, by its id or by the name of exactly one live run, by this machine's records and by the
    tags of the clouds that were asked; with `ended`, where none is live, the newest that has ended; with
    `nodes`, where all live ones are on the same nodes, the run whose nodes these are. Raises UsageError, listing
    them."""
    tagged = {group.run: group for group in groups}
    if name in tagged or any(r.run == name for r in records):
        return name
    same_name = [r for r in records if r.name == name]
    live = [r.run for r in same_name if r.phase != RunPhase.DELETED]
    live += sorted(run for run in tagged if name_of_run(run) == name and run not in {r.run for r in records})
    if len(live) == 1:
        return live[0]
    hosts = {r.run: r.host for r in same_name}
    shared = {hosts.get(run, run) for run in live}
    if nodes and len(shared) == 1 and shared <= set(live):
        return shared.pop()
    if ended and same_name and not live:
        return same_name[-1].run
    if live or same_name:
        what = "several runs" if live else "no live run, but these ended ones"
        newest = (live or [r.run for r in same_name])[::-1][:LISTED]
        listed = ", ".join(
            f"{run} (on the nodes of {on})" if (on := hosts.get(run, run)) != run else run for run in newest
        )
        if nodes and not live:
            raise UsageError(f"no run of '{name}' has nodes any more: {listed}", hint=NODES_STAY)
        raise UsageError(f"'{name}' has {what}", hint=f"name one of: {listed}")
    if RUN_ID.fullmatch(name):
        return name
    known = list(dict.fromkeys([*(r.run for r in records if r.phase != RunPhase.DELETED), *tagged]))
    hint = (
        f"live runs: {', '.join(known[:LISTED])}"
        if known
        else "`tfinfra runs` lists all runs, with --cloud azure a subscription's"
    )
    raise UsageError(f"there is no run '{name}'", hint=hint)


def run_status(record: RunRecord, groups: Sequence[RunGroup], outcome: Outcome | None, now: float) -> RunStatus:
    """How a recorded run stands, by its record, the groups that there are, and the outcome in its store."""
    present = tuple(g.name for g in groups if g.run == record.host)
    ended = record.times.get("ended") or (outcome.ended if outcome else None)
    return RunStatus(
        run=record.run,
        state=_state(record, present, outcome),
        result=record.result or (outcome.run_result if outcome else None),
        message=record.message or (outcome.in_full() if outcome else ""),
        started=record.times.get("started"),
        ended=ended,
        deadline=record.deadline,
        usd=spending.spent(record, now, present, ended),
        usd_per_hour=sum(record.ledger.usd_per_hour(group) for group in present),
        groups=present,
        watched=is_alive(record.client),
        results=record.results if record.fetched else None,
        max_cost_usd=record.max_cost_usd,
        owner=record.owner,
    )


def _state(record: RunRecord, present: Sequence[str], outcome: Outcome | None) -> RunState:
    if not present and (record.phase.is_over or not is_alive(record.client)):
        return RunState.DELETED
    if present and record.phase == RunPhase.DELETED:  # whoever wrote that, its groups exist
        return RunState.INCOMPLETE
    machines = any(part_of_group(group) == "compute" for group in present)
    if record.phase == RunPhase.RUNNING:  # without its machines nothing trains, whoever deleted them
        return RunState.TRAINING if outcome is None and machines else RunState.ENDED
    if record.phase == RunPhase.HELD and not machines:
        return RunState.ENDED
    return RunState(record.phase)


def unrecorded(groups: Sequence[RunGroup], records: Sequence[RunRecord]) -> list[RunStatus]:
    """Runs that only the cloud's tags know."""
    known = {r.run for r in records}
    runs = sorted({g.run for g in groups} - known)
    return [unknown_status(run, groups, "this machine has no record of it") for run in runs]


def unknown_status(run: str, groups: Sequence[RunGroup], message: str) -> RunStatus:
    """A run of which nothing is known but its groups; `message` says why."""
    present = [g for g in groups if g.run == run]
    expires, owner = max((g.expires for g in present), default=""), next((g.owner for g in present), "")
    names = tuple(g.name for g in present)
    unknown = RunState.UNKNOWN
    return RunStatus(run, unknown, None, message, None, None, expires, 0.0, 0.0, names, False, None, owner=owner)
