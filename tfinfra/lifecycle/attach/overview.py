"""How all runs stand: those that this machine remembers, those that only its cloud knows, or all of a cloud."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import TfinfraError, first_line
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.find_run import ANYWHERE, HERE, cloud_of, local_cloud_used, reach_at, reach_scope
from tfinfra.lifecycle.attach.found_run import FoundRun, Reach, opened
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord, all_records, broken_records, run_folder
from tfinfra.lifecycle.record.run_status import RunStatus, run_status, unknown_status, unrecorded
from tfinfra.lifecycle.wiring import real_ports
from tfinfra.system.clock import right_now
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress, say_nothing

LOOKS = 8
"""Stores that are read at the same time."""


def all_statuses(asked: CloudOptions = ANYWHERE, tell: Progress = say_nothing) -> list[RunStatus]:
    """Every run that this machine and its cloud know, the oldest first; with a cloud that is asked for, every run that
    is there."""
    state = state_folder()
    if not asked.nothing:
        reach = reach_scope(asked, tell)
        return statuses_at(reach, all_records(state)) if reach else []
    return _states_around(state)


def statuses_at(reach: Reach, records: Sequence[RunRecord]) -> list[RunStatus]:
    """Every run of a cloud, by its tags."""
    groups = tuple(reach().arm.groups())
    own = {record.run: record for record in records}
    runs = sorted({group.run for group in groups})
    with ThreadPoolExecutor(LOOKS) as pool:
        return list(pool.map(lambda run: _state_at(run, own.get(run), reach, groups), runs))


def _state_at(run: str, record: RunRecord | None, reach: Reach, groups: Sequence[RunGroup]) -> RunStatus:
    mine = tuple(group for group in groups if group.run == run)
    folder = run_folder(state_folder(), run)
    return _told(FoundRun(run, folder, record, reach, mine, None, None))


def _told(found: FoundRun) -> RunStatus:
    """Whatever is wrong with one run keeps no other from being told."""
    try:
        return opened(found).status
    except Exception as error:  # noqa: BLE001 - it is told, beside the others
        why = f"it cannot be told: {type(error).__name__}: {first_line(error)}"
        return unknown_status(found.run, found.groups, why)


def _states_around(state: Path) -> list[RunStatus]:
    now, records = right_now(), all_records(state)
    here = reach_at(HERE)
    local = tuple(here().arm.groups()) if local_cloud_used(state) else ()
    groups = (*local, *_remote_groups(records))
    told = [_state_of(record, groups, now) for record in records]
    lost = [s.run for s in unrecorded(local, records)]
    found = [_state_at(run, None, here, local) for run in lost]
    broken = [unknown_status(run, (), str(odd)) for run, odd in broken_records(state).items() if run not in lost]
    return [*told, *found, *broken]


def _remote_groups(records: Sequence[RunRecord]) -> tuple[RunGroup, ...]:
    """The groups of runs elsewhere that this machine does not know to be deleted. A cloud that cannot be asked is taken
    to hold them still."""
    found: dict[str, RunGroup] = {}
    for record in records:
        if record.phase == RunPhase.DELETED or HERE.holds(record.target, record.rehearse) or record.keep_group in found:
            continue
        try:
            groups = real_ports(cloud_of(record), right_now).arm.groups()
        except TfinfraError:
            names = (record.compute_group, record.keep_group)
            groups = tuple(RunGroup(name, record.run, record.keep_until) for name in names)
        found |= {group.name: group for group in groups}
    return tuple(found.values())


def _state_of(record: RunRecord, groups: Sequence[RunGroup], now: float) -> RunStatus:
    mine = tuple(group for group in groups if group.run == record.run)
    if not mine:
        return run_status(record, (), None, now)
    folder = run_folder(state_folder(), record.run)
    reach = cache(lambda: real_ports(cloud_of(record), right_now))
    return _told(FoundRun(record.run, folder, record, reach, mine, None, None))
