"""How all runs stand: those that this machine remembers, those that only its cloud knows, or all of a cloud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from tfinfra.azure.deletion.group_names import name_of_run
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import TfinfraError, first_line
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.find_run import ANYWHERE, HERE, cloud_of, local_cloud_used, reach_at, reach_scope
from tfinfra.lifecycle.attach.found_run import FoundRun, Reach, opened
from tfinfra.lifecycle.record.run_record import Remembered, RunPhase, RunRecord, remembered, run_folder
from tfinfra.lifecycle.record.run_status import RunStatus, run_status, unknown_status, unrecorded
from tfinfra.lifecycle.wiring import real_ports
from tfinfra.system.clock import right_now
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress, say_nothing

LOOKS = 8
"""Stores that are read at the same time."""


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted: those of a name, in one of the states, with one of the results (empty: any), and begun not
    before `since` (Unix seconds)."""

    name: str | None = None
    states: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()
    since: float | None = None

    def takes(self, status: RunStatus) -> bool:
        return (
            self.name in (None, name_of_run(status.run), status.run)
            and (not self.states or status.state in self.states)
            and (not self.results or status.result in self.results)
            and (self.since is None or (status.started is not None and status.started >= self.since))
        )


def selected(statuses: Iterable[RunStatus], wanted: RunFilter) -> list[RunStatus]:
    """Those that are wanted, the newest first; before them those whose start nobody knows: only their groups are left,
    and they go on costing."""
    found = [status for status in statuses if wanted.takes(status)]
    return sorted(found, key=lambda status: status.started or float("inf"), reverse=True)


def all_statuses(options: CloudOptions = ANYWHERE, tell: Progress = say_nothing) -> list[RunStatus]:
    """Every run that this machine and its cloud know, the oldest first; where `options` name a cloud, every run in
    that."""
    return statuses_of(remembered(state_folder()), options, tell)


def statuses_of(known: Remembered, options: CloudOptions = ANYWHERE, tell: Progress = say_nothing) -> list[RunStatus]:
    """The same with this machine's records as they were read."""
    records = known.records
    if not options.nothing:
        reach = reach_scope(options, tell)
        return statuses_at(reach, records) if reach else []
    here, now = reach_at(HERE), right_now()
    local = tuple(here().arm.groups()) if local_cloud_used(state_folder()) else ()
    groups = (*local, *_remote_groups(records))
    recorded = [_recorded_status(record, groups, now) for record in records]
    lost = [status.run for status in unrecorded(local, records)]
    found = [_status_at(run, None, here, local) for run in lost]
    broken = [unknown_status(run, (), str(odd)) for run, odd in known.broken.items() if run not in lost]
    return [*recorded, *found, *broken]


def statuses_at(reach: Reach, records: Sequence[RunRecord]) -> list[RunStatus]:
    """Every run of a cloud, by its tags."""
    groups = tuple(reach().arm.groups())
    own = {record.run: record for record in records}
    runs = sorted({group.run for group in groups})
    with ThreadPoolExecutor(LOOKS) as pool:
        return list(pool.map(lambda run: _status_at(run, own.get(run), reach, groups), runs))


def _status_at(run: str, record: RunRecord | None, reach: Reach, groups: Sequence[RunGroup]) -> RunStatus:
    """Whatever is wrong with one run keeps no other from being shown."""
    of_run = tuple(group for group in groups if group.run == (record.host if record else run))
    try:
        return opened(FoundRun(run, run_folder(state_folder(), run), record, reach, of_run, None, None)).status
    except Exception as error:  # noqa: BLE001 - it is shown, beside the others
        return unknown_status(run, of_run, f"it cannot be told: {type(error).__name__}: {first_line(error)}")


def _recorded_status(record: RunRecord, groups: Sequence[RunGroup], now: float) -> RunStatus:
    """By its record alone where none of its groups is left."""
    if not any(group.run == record.host for group in groups):
        return run_status(record, (), None, now)
    return _status_at(record.run, record, cache(lambda: real_ports(cloud_of(record), right_now)), groups)


def _remote_groups(records: Sequence[RunRecord]) -> tuple[RunGroup, ...]:
    """The groups, in other clouds, of runs that are not known to be deleted. A cloud that cannot be asked is taken to
    hold them still."""
    found: dict[str, RunGroup] = {}
    for record in records:
        if record.phase == RunPhase.DELETED or HERE.holds(record.target, record.rehearse) or record.keep_group in found:
            continue
        try:
            groups = real_ports(cloud_of(record), right_now).arm.groups()
        except TfinfraError:
            names = (record.compute_group, record.keep_group)
            groups = tuple(RunGroup(name, record.host, record.keep_until) for name in names)
        found |= {group.name: group for group in groups}
    return tuple(found.values())
