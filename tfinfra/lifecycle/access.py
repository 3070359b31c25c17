"""A run that somebody else began, or this client before it died: found by its record here, else by its cloud's tags,
and then told by what its client left in its store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from tfinfra.azure.names import part_of_group
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError, TfinfraError, UsageError
from tfinfra.lifecycle.elsewhere import BorrowedFolder, borrowed, driven_elsewhere
from tfinfra.lifecycle.places import Asked, KnownTarget, Place, guesses, known_targets, place_of
from tfinfra.lifecycle.ports import Ports, Progress
from tfinfra.lifecycle.real import real_ports
from tfinfra.lifecycle.record import RunFolder, RunRecord, all_records, broken_records, is_broken, run_folder
from tfinfra.lifecycle.runs import RunGroup, RunState, read_outcome, resolve, run_state, unrecorded, untold
from tfinfra.model import Outcome
from tfinfra.paths import state_folder
from tfinfra.store import ObjectStore, store_errors

Reach = Callable[[], Ports]
ANYWHERE = Asked()
LOOKS = 8
"""Stores that are read at the same time."""


@dataclass(frozen=True)
class FoundRun:
    """`record` is None where only the cloud's tags know the run; `store` where it has gone, was never made, or does not
    open, for which `unread` is the reason then. `reach` asks the cloud, which may have to be started for it."""

    run: str
    folder: RunFolder
    record: RunRecord | None
    reach: Reach
    groups: tuple[RunGroup, ...]
    store: ObjectStore | None
    outcome: Outcome | None
    unread: str | None = None

    @property
    def ports(self) -> Ports:
        return self.reach()

    @property
    def exists(self) -> bool:
        return bool(self.groups)

    @property
    def elsewhere(self) -> bool:
        """Whether the run is another machine's: this one keeps no record of it."""
        return isinstance(self.folder, BorrowedFolder)

    @property
    def driven_elsewhere(self) -> bool:
        if not self.elsewhere or self.record is None or self.store is None:
            return False
        return driven_elsewhere(self.record, self.store, time.time())

    @property
    def compute_groups(self) -> tuple[str, ...]:
        """The groups that the nodes are in, one for each attempt."""
        return tuple(g.name for g in self.groups if part_of_group(g.name) == "compute")

    @property
    def state(self) -> RunState:
        if self.record is None:
            return untold(self.run, self.groups, self.unread or "this machine has no record of it")
        told = run_state(self.record, self.groups, self.outcome, time.time())
        return replace(told, watched=told.watched or self.driven_elsewhere)


def _quiet(text: str) -> None:
    del text


# One run


def find_run(wanted: str, asked: Asked = ANYWHERE, tell: Progress = _quiet) -> FoundRun:
    """The run that `wanted` (an id or a name) means, in the cloud that was asked for, else wherever it is known; `tell`
    hears which subscription was used. Raises UsageError."""
    state = state_folder()
    records = all_records(state)
    if not asked.nothing:
        return _found_at(wanted, records, [_named_place(asked, tell)], state)
    run = _by_record(wanted, records)
    if run is not None:
        return _recorded(run_folder(state, run), state)
    return _found_at(wanted, records, _places_around(wanted, state, tell), state)


def _by_record(wanted: str, records: Sequence[RunRecord]) -> str | None:
    """What the records alone can say, without asking a cloud."""
    try:
        return resolve(wanted, records) if any(wanted in (r.run, r.name) for r in records) else None
    except UsageError:
        if any(r.name == wanted and r.phase != "deleted" for r in records):
            raise
        return None


def _recorded(folder: RunFolder, state: Path) -> FoundRun:
    """A run of this machine's own. One that is verified deleted is not asked for again."""
    record = folder.read()
    assert record is not None  # noqa: S101 - it was read to find the run
    reach = cache(lambda: real_ports(cloud_of(record), time.time))
    if record.phase == "deleted" and not (_is_here(record) and local_cloud_used(state)):
        return FoundRun(record.run, folder, record, reach, (), None, None)
    groups = tuple(g for g in reach().groups() if g.run == record.run)
    return _opened(FoundRun(record.run, folder, record, reach, groups, None, None))


def _found_at(wanted: str, records: Sequence[RunRecord], places: Sequence[Reach], state: Path) -> FoundRun:
    """The run by the tags of these places."""
    at = {group: reach for reach in places for group in reach().groups()}
    run = resolve(wanted, [r for r in records if any(g.run == r.run for g in at)] or records, at)
    groups = tuple(group for group in at if group.run == run)
    folder = run_folder(state, run)
    if not groups:
        if folder.read() is None:
            raise UsageError(f"there is no run '{run}'{_alone(places, run)}", hint="`tfinfra runs` lists all runs")
        return _recorded(folder, state)
    return _opened(FoundRun(run, folder, folder.read(), at[groups[0]], groups, None, None))


def _alone(places: Sequence[Reach], run: str) -> str:
    """What is only named as the run's, to be told."""
    from tfinfra.azure.names import run_of_group

    named = [name for reach in places for name in reach().strangers() if run_of_group(name) == run]
    return f"; {', '.join(named)} is not tagged as its, and left alone" if named else ""


def _opened(found: FoundRun) -> FoundRun:
    """With its store, and the record that lies in it where this machine has none."""
    if not any(part_of_group(g.name) == "keep" for g in found.groups):
        return found if found.record else replace(found, folder=_unkept(found.folder))
    refused: tuple[type[Exception], ...] = (ProvisioningError, *store_errors())
    try:
        store = _store(found)
        folder = found.folder if found.record or store is None else _told_by(store, found.folder)
        outcome = read_outcome(store) if store else None
    except refused as error:
        unread = f"its store cannot be read: {str(error).splitlines()[0]}"
        return replace(found, folder=found.folder if found.record else _unkept(found.folder), unread=unread)
    if store is None and found.record is None:
        folder = _unkept(found.folder)
    return replace(found, folder=folder, record=folder.read(), store=store, outcome=outcome)


def _store(found: FoundRun) -> ObjectStore | None:
    """By the record's URL, which a client that died while it provisioned did not write, else by ARM."""
    keep = next(g.name for g in found.groups if part_of_group(g.name) == "keep")
    url = (found.record.store if found.record else None) or found.ports.store_of(keep)
    return found.ports.open_store(url) if url else None


def _told_by(store: ObjectStore, folder: RunFolder) -> RunFolder:
    """The run as its store tells it: in memory, but for a record here that is broken, which is written anew."""
    told = borrowed(store, folder.path, Path.cwd() / "runs" / folder.path.name)
    record = told.read()
    if record is None or not is_broken(folder):
        return told
    folder.write(record)
    return folder


def _unkept(folder: RunFolder) -> RunFolder:
    """A folder that nothing shall be written to, unless it is there."""
    return folder if folder.path.exists() else BorrowedFolder(folder.path)


# Places


def reach_place(asked: Asked, tell: Progress) -> Reach | None:
    """The cloud that is asked for, else this machine's; None where that holds nothing. Raises UsageError."""
    if not asked.nothing:
        return _named_place(asked, tell)
    return _reach(Place(None, "here")) if local_cloud_used(state_folder()) else None


def _named_place(asked: Asked, tell: Progress) -> Reach:
    place = place_of(asked, os.environ, _targets())
    tell(f"looking at {place} ({place.why})")
    return _reach(place)


def _places_around(wanted: str, state: Path, tell: Progress) -> list[Reach]:
    """Where a run may be that no record of this machine names: this machine's cloud, else the subscriptions that the
    environment or the target files name."""
    if local_cloud_used(state):
        here = _reach(Place(None, "here"))
        if any(g.run == wanted or g.run[:-7] == wanted for g in here().groups()):
            return [here]
    found = guesses(os.environ, _targets())
    for place in found:
        tell(f"this machine knows no '{wanted}': looking at {place} ({place.why})")
    return [_reach(place) for place in found]


def _targets() -> tuple[KnownTarget, ...]:
    from tfinfra.compiler.load import load_targets

    return known_targets([(document.file, document.data) for document in load_targets(Path.cwd())])


def _reach(place: Place) -> Reach:
    return cache(partial(_ports_at, place))


def _ports_at(place: Place) -> Ports:
    from tfinfra.clouds import azure_subscription, local_cloud

    cloud = azure_subscription(place.subscription) if place.subscription else local_cloud()
    return real_ports(cloud, time.time)


def local_cloud_used(state: Path) -> bool:
    """Whether this machine's cloud holds any group, by its folder: asking the cloud would start it."""
    groups = state / "cloud" / "groups"
    return groups.is_dir() and any(groups.iterdir())


def cloud_of(record: RunRecord) -> Cloud:
    """The cloud that a run is on."""
    from tfinfra.clouds import cloud_for

    return cloud_for(record.target, record.rehearse, record.machines)


def _is_here(record: RunRecord) -> bool:
    return record.rehearse or record.target.cloud == "local"


# All runs


def all_states(asked: Asked = ANYWHERE, tell: Progress = _quiet) -> list[RunState]:
    """Every run that this machine and its cloud know, the oldest first; with a cloud that is asked for, every run that
    is there."""
    state = state_folder()
    if not asked.nothing:
        return states_at(_named_place(asked, tell), all_records(state))
    return _states_around(state)


def states_at(reach: Reach, records: Sequence[RunRecord]) -> list[RunState]:
    """Every run of a cloud, by its tags."""
    groups = tuple(reach().groups())
    own = {record.run: record for record in records}
    runs = sorted({group.run for group in groups})
    with ThreadPoolExecutor(LOOKS) as pool:
        return list(pool.map(lambda run: _state_at(run, own.get(run), reach, groups), runs))


def _state_at(run: str, record: RunRecord | None, reach: Reach, groups: Sequence[RunGroup]) -> RunState:
    mine = tuple(group for group in groups if group.run == run)
    folder = run_folder(state_folder(), run)
    return _opened(FoundRun(run, folder, record, reach, mine, None, None)).state


def _states_around(state: Path) -> list[RunState]:
    now, records = time.time(), all_records(state)
    here = _reach(Place(None, "here"))
    local = tuple(here().groups()) if local_cloud_used(state) else ()
    groups = (*local, *_remote_groups(records))
    told = [_state_of(record, groups, now) for record in records]
    lost = [s.run for s in unrecorded(local, records)]
    found = [_state_at(run, None, here, local) for run in lost]
    broken = [run for run in broken_records(state) if run not in lost]
    return [*told, *found, *(untold(run, (), f"its record in {state / 'runs' / run} is broken") for run in broken)]


def _remote_groups(records: Sequence[RunRecord]) -> tuple[RunGroup, ...]:
    """The groups of runs elsewhere that this machine does not know to be deleted. A cloud that cannot be asked is taken
    to hold them still."""
    found: dict[str, RunGroup] = {}
    for record in records:
        if record.phase == "deleted" or _is_here(record) or record.keep_group in found:
            continue
        try:
            groups = real_ports(cloud_of(record), time.time).groups()
        except TfinfraError:
            names = (record.compute_group, record.keep_group)
            groups = tuple(RunGroup(name, record.run, record.keep_until) for name in names)
        found |= {group.name: group for group in groups}
    return tuple(found.values())


def _state_of(record: RunRecord, groups: Sequence[RunGroup], now: float) -> RunState:
    mine = [g for g in groups if g.run == record.run]
    if not mine or record.store is None or record.keep_group not in {g.name for g in mine}:
        return run_state(record, groups, None, now)
    store = real_ports(cloud_of(record), time.time).open_store(record.store)
    return run_state(record, groups, read_outcome(store), now)
