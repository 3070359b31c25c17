"""A run that somebody else began, or this client before it died: found by its record, else by its cloud's tags."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfinfra.cloud import Cloud
from tfinfra.errors import TfinfraError, UsageError
from tfinfra.lifecycle import down
from tfinfra.lifecycle.ports import Ports
from tfinfra.lifecycle.real import real_ports
from tfinfra.lifecycle.record import RunFolder, RunRecord, all_records, run_folder
from tfinfra.lifecycle.runs import RunGroup, RunState, read_outcome, resolve, run_state, unrecorded
from tfinfra.lifecycle.settings import record_store
from tfinfra.model import Outcome
from tfinfra.paths import state_folder
from tfinfra.store import ObjectStore


@dataclass(frozen=True)
class FoundRun:
    """`record` is None where only the cloud knows the run; `store` where it has gone, or was never made."""

    run: str
    folder: RunFolder
    record: RunRecord | None
    ports: Ports
    groups: tuple[RunGroup, ...]
    store: ObjectStore | None
    outcome: Outcome | None

    @property
    def exists(self) -> bool:
        return bool(self.groups)

    @property
    def state(self) -> RunState:
        if self.record is None:
            return unrecorded(self.groups, [])[0]
        return run_state(self.record, self.groups, self.outcome, time.time())


def local_cloud_used(state: Path) -> bool:
    """Whether this machine's cloud holds any group, by its folder: asking the cloud would start it."""
    groups = state / "cloud" / "groups"
    return groups.is_dir() and any(groups.iterdir())


def cloud_of(record: RunRecord) -> Cloud:
    """The cloud that a run is on."""
    from tfinfra.clouds import cloud_for

    return cloud_for(record.target, record.rehearse, record.machines)


def find_run(wanted: str) -> FoundRun:
    """The run that `wanted` (an id or a name) means. Raises UsageError."""
    state = state_folder()
    records = all_records(state)
    run = _by_record(wanted, records) or resolve(wanted, records, local_groups(state))
    folder = run_folder(state, run)
    record = folder.read()
    ports = real_ports(_cloud(record, state, run), time.time)
    groups = tuple(g for g in ports.groups() if g.run == run)
    if record is None and not groups:
        raise UsageError(f"there is no run '{run}'", hint="`tfinfra runs` lists all runs")
    store = _store(ports, record, groups)
    return FoundRun(run, folder, record, ports, groups, store, read_outcome(store) if store else None)


def _by_record(wanted: str, records: Sequence[RunRecord]) -> str | None:
    """What the records alone can say, without asking a cloud."""
    try:
        return resolve(wanted, records) if any(wanted in (r.run, r.name) for r in records) else None
    except UsageError:
        if any(r.name == wanted and r.phase != "deleted" for r in records):
            raise
        return None


def _cloud(record: RunRecord | None, state: Path, run: str) -> Cloud:
    if record is not None:
        return cloud_of(record)
    if not local_cloud_used(state):
        raise UsageError(f"there is no run '{run}' that this machine knows of")
    from tfinfra.clouds import local_cloud

    return local_cloud()


def local_groups(state: Path) -> tuple[RunGroup, ...]:
    """The groups of all runs on this machine's cloud."""
    if not local_cloud_used(state):
        return ()
    from tfinfra.clouds import local_cloud

    return tuple(real_ports(local_cloud(), time.time).groups())


def _store(ports: Ports, record: RunRecord | None, groups: Sequence[RunGroup]) -> ObjectStore | None:
    if record is None or record.store is None or not _has_store(record, groups):
        return None
    return ports.open_store(record_store(record) or record.store)


def _has_store(record: RunRecord, groups: Sequence[RunGroup]) -> bool:
    """Whether the run's store can still be there: it goes with the keep group, or is in a container of others."""
    elsewhere = record.target.store is not None and record.phase != "deleted"
    return elsewhere or record.keep_group in {g.name for g in groups}


def all_states() -> list[RunState]:
    """Every run that this machine or its cloud knows, the oldest first."""
    state, now = state_folder(), time.time()
    records = all_records(state)
    groups = (*local_groups(state), *_remote_groups(records))
    told = [_state_of(record, groups, now) for record in records]
    return [*told, *unrecorded(groups, records)]


def _remote_groups(records: Sequence[RunRecord]) -> tuple[RunGroup, ...]:
    """The groups of runs elsewhere that this machine does not know to be deleted. A cloud that cannot be asked is taken
    to hold them still."""
    found: dict[str, RunGroup] = {}
    for record in records:
        if record.phase == "deleted" or record.rehearse or record.target.cloud == "local" or record.keep_group in found:
            continue
        try:
            groups = real_ports(cloud_of(record), time.time).groups()
        except TfinfraError:
            names = down.begun_groups(record, record.run)
            groups = tuple(RunGroup(name, record.run, record.keep_until) for name in names)
        found |= {group.name: group for group in groups}
    return tuple(found.values())


def _state_of(record: RunRecord, groups: Sequence[RunGroup], now: float) -> RunState:
    mine = [g for g in groups if g.run == record.run]
    if record.store is None or not _has_store(record, mine):
        return run_state(record, groups, None, now)
    store = real_ports(cloud_of(record), time.time).open_store(record_store(record) or record.store)
    return run_state(record, groups, read_outcome(store), now)
