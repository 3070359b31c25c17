"""A run that somebody else began, or this client before it died: found by its record here, else by its cloud's tags,
and then told by what its client left in its store."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from tfinfra import layout
from tfinfra.azure.names import name_of_run, part_of_group, run_of_group
from tfinfra.clock import right_now
from tfinfra.cloud import Cloud
from tfinfra.errors import UsageError, first_line
from tfinfra.lifecycle.driver import is_alive
from tfinfra.lifecycle.elsewhere import BorrowedFolder, FoundGroups, borrowed, driven_elsewhere
from tfinfra.lifecycle.places import Asked, KnownTarget, Place, guesses, known_targets, place_of
from tfinfra.lifecycle.ports import Ports, Progress
from tfinfra.lifecycle.real import real_ports
from tfinfra.lifecycle.record import RunFolder, RunRecord, all_records, run_folder
from tfinfra.lifecycle.runs import RunGroup, RunState, resolve, run_state, untold
from tfinfra.lifecycle.seen import how_it_ended
from tfinfra.lifecycle.settings import record_store
from tfinfra.model import Outcome
from tfinfra.model.shapes import is_time
from tfinfra.paths import state_folder
from tfinfra.store import ObjectStore, Unreadable, store_errors

Reach = Callable[[], Ports]
ANYWHERE = Asked()
HERE = Place(None, "here")


@dataclass(frozen=True)
class FoundRun:
    """`record` is None where only the cloud's tags know the run; `store` where it has gone, was never made, or does not
    open, for which `unread` is the reason then. `reach` asks the cloud, which may have to be started for it. `odd` are
    the records of the run, here or in its store, that are unreadable."""

    run: str
    folder: RunFolder
    record: RunRecord | None
    reach: Reach
    groups: tuple[RunGroup, ...]
    store: ObjectStore | None
    outcome: Outcome | None
    unread: str | None = None
    odd: tuple[Unreadable, ...] = ()

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
        try:
            return driven_elsewhere(self.record, self.store, right_now())
        except store_errors():
            return False

    @property
    def ended_unreadably(self) -> bool:
        """Whether somebody wrote how the run ended, and nobody can read it."""
        return any(odd.key == layout.OUTCOME for odd in self.odd)

    @property
    def compute_groups(self) -> tuple[str, ...]:
        """The groups that the nodes are in, one for each attempt."""
        return tuple(g.name for g in self.groups if part_of_group(g.name) == "compute")

    @property
    def state(self) -> RunState:
        said = "; ".join(each for each in (self.unread, *map(str, self.odd)) if each)
        if self.record is None:
            return untold(self.run, self.groups, said or "this machine has no record of it")
        told = run_state(self.record, self.groups, self.outcome, right_now())
        told = replace(told, unreadable=tuple(map(str, self.odd)))
        if self.ended_unreadably and told.state == "training":
            told = replace(told, state="unknown")
        message = told.message or said
        return replace(told, message=message, watched=told.watched or self.driven_elsewhere)


def quiet(text: str) -> None:
    """Tells nobody."""
    del text


# One run


def find_run(wanted: str, asked: Asked = ANYWHERE, tell: Progress = quiet) -> FoundRun:
    """The run that `wanted` (an id or a name) means, in the cloud that was asked for, else wherever it is known; `tell`
    hears which subscription was used. Raises UsageError."""
    state = state_folder()
    records = all_records(state)
    if not asked.nothing:
        place = _named_place(asked, tell)
        there = [record for record in records if place.holds(record.target, record.rehearse)]
        return _found_at(wanted, there, _reached(place, state), state)
    run = _by_record(wanted, records, state)
    if run is not None:
        return _recorded(run_folder(state, run), state)
    return _found_at(wanted, records, _places_around(wanted, state, tell), state)


def _by_record(wanted: str, records: Sequence[RunRecord], state: Path) -> str | None:
    """What the records alone can say. For a name this machine's cloud is asked besides: it knows which of its runs are
    still there, also one whose record was lost."""
    if not any(wanted in (r.run, r.name) for r in records):
        return None
    here = _here(state) if any(r.name == wanted and HERE.holds(r.target, r.rehearse) for r in records) else ()
    unasked = {r.run for r in records if is_alive(r.client) or not HERE.holds(r.target, r.rehearse)}
    known = _standing(wanted, records, unasked | {group.run for group in here})
    try:
        run = resolve(wanted, known, here)
    except UsageError:
        if any(r.name == wanted and r.phase != "deleted" for r in known):
            raise
        return None
    return run if any(r.run == run for r in records) else None


def _here(state: Path) -> tuple[RunGroup, ...]:
    """The groups of this machine's cloud."""
    return tuple(group for reach in _reached(HERE, state) for group in reach().groups())


def _recorded(folder: RunFolder, state: Path) -> FoundRun:
    """A run of this machine's own. One that is verified deleted is not asked for again."""
    record = folder.read()
    assert record is not None  # noqa: S101 - it was read to find the run
    reach = cache(lambda: real_ports(cloud_of(record), right_now))
    if record.phase == "deleted" and not (HERE.holds(record.target, record.rehearse) and local_cloud_used(state)):
        return FoundRun(record.run, folder, record, reach, (), None, None)
    groups = tuple(g for g in reach().groups() if g.run == record.run)
    return opened(FoundRun(record.run, folder, record, reach, groups, None, None))


def _found_at(wanted: str, records: Sequence[RunRecord], places: Sequence[Reach], state: Path) -> FoundRun:
    """The run by the tags of these places."""
    at = {group: reach for reach in places for group in reach().groups()}
    run = resolve(wanted, _standing(wanted, records, {group.run for group in at}), at)
    groups = tuple(group for group in at if group.run == run)
    folder = run_folder(state, run)
    if not groups:
        if (odd := folder.unreadable()) is not None:
            hint = f"remove {folder.path} where nothing of it is left in any cloud"
            raise UsageError(f"no cloud that was asked knows '{run}'{_alone(places, run)}; {odd}", hint=hint)
        if folder.read() is None:
            raise UsageError(f"there is no run '{run}'{_alone(places, run)}", hint="`tfinfra runs` lists all runs")
        return _recorded(folder, state)
    return opened(FoundRun(run, folder, folder.read(), at[groups[0]], groups, None, None))


def _standing(wanted: str, records: Sequence[RunRecord], tagged: Set[str]) -> Sequence[RunRecord]:
    """The records that the cloud does not contradict: one whose groups are gone is no live run, whatever it says. All
    of them where `wanted` is nothing else."""
    standing = [record for record in records if record.phase == "deleted" or record.run in tagged]
    known = {*tagged, *(record.run for record in standing)}
    return standing if any(wanted in (run, name_of_run(run)) for run in known) else records


def _alone(places: Sequence[Reach], run: str) -> str:
    """What is only named as the run's, to be told."""
    named = [name for reach in places for name in reach().strangers() if run_of_group(name) == run]
    return f"; {', '.join(named)} is not tagged as its, and left alone" if named else ""


def opened(found: FoundRun) -> FoundRun:
    """With its store, and the record that lies in it where this machine has none."""
    local = found.folder.unreadable() if found.record is None else None
    found = replace(found, odd=(local,) if local else ())
    if not has_store(found.record, found.groups):
        return found if found.record else replace(found, folder=_unkept(found.folder))
    try:
        return _opened(found)
    except Exception as error:  # noqa: BLE001 - whatever a store holds or says: the run is found, its groups are ARM's
        unread = f"its store cannot be read: {first_line(error)}"
        return replace(found, folder=found.folder if found.record else _unkept(found.folder), unread=unread)


def _opened(found: FoundRun) -> FoundRun:
    url = _store_url(found)
    store = found.ports.open_store(url) if url else None
    folder, odd = found.folder, found.odd
    if found.record is None:
        folder = _told_by(found, store, url) if store is not None and url else _unkept(found.folder)
        odd = (*odd, *(folder.odd if isinstance(folder, BorrowedFolder) else ()))
    record = folder.read()
    store = _newest(found.ports, record, store)
    outcome = how_it_ended(store, right_now()) if store else None
    if isinstance(outcome, Unreadable):
        odd, outcome = (*odd, outcome), None
    return replace(found, folder=folder, record=record, store=store, outcome=outcome, odd=odd)


def has_store(record: RunRecord | None, groups: Sequence[RunGroup]) -> bool:
    """Whether the run's store can still be there: it goes with the keep group, or is in a container of others."""
    elsewhere = record is not None and record.target.store is not None and record.phase != "deleted"
    return elsewhere or any(part_of_group(g.name) == "keep" for g in groups)


def _newest(ports: Ports, record: RunRecord | None, store: ObjectStore | None) -> ObjectStore | None:
    """Where the nodes of the newest attempt are: the run's `store`, or a folder of it."""
    url = record_store(record) if record else None
    return store if store is None or record is None or url in (None, record.store) else ports.open_store(str(url))


def _store_url(found: FoundRun) -> str | None:
    """By the record's URL, which a client that died while it provisioned did not write, else by ARM."""
    keep = next((g.name for g in found.groups if part_of_group(g.name) == "keep"), None)
    return (found.record.store if found.record else None) or (found.ports.store_of(keep) if keep else None)


def _told_by(found: FoundRun, store: ObjectStore, url: str) -> BorrowedFolder:
    """The run as its store tells it, in memory: a record here that is unreadable may be a newer version's."""
    until = {part_of_group(g.name): g.expires for g in found.groups if is_time(g.expires)}
    groups = FoundGroups(
        run=found.run,
        names=tuple(group.name for group in found.groups),
        owner=next((group.owner for group in found.groups), ""),
        compute_until=until.get("compute", ""),
        keep_until=until.get("keep", ""),
        cloud=found.ports.cloud.name,
    )
    return borrowed(groups, store, url, found.folder.path, Path.cwd() / "runs" / found.run)


def _unkept(folder: RunFolder) -> RunFolder:
    """A folder that nothing shall be written to, unless it is there."""
    return folder if folder.path.exists() else BorrowedFolder(folder.path)


# Places


def reach_place(asked: Asked, tell: Progress) -> Reach | None:
    """The cloud that is asked for, else this machine's; None where that holds nothing. Raises UsageError."""
    place = HERE if asked.nothing else _named_place(asked, tell)
    return next(iter(_reached(place, state_folder())), None)


def _reached(place: Place, state: Path) -> list[Reach]:
    """What asks the place; nothing, where that is a cloud of this machine that holds nothing and would be started."""
    return [] if place.subscription is None and not local_cloud_used(state) else [reach_at(place)]


def _named_place(asked: Asked, tell: Progress) -> Place:
    """The place that the options name, which `tell` hears. Raises UsageError."""
    place = place_of(asked, os.environ, _targets())
    tell(f"looking at {place} ({place.why})")
    return place


def _places_around(wanted: str, state: Path, tell: Progress) -> list[Reach]:
    """Where a run may be that no record of this machine names: this machine's cloud, else the subscriptions that the
    environment or the target files name."""
    for here in _reached(HERE, state):
        if any(wanted in (g.run, name_of_run(g.run)) for g in here().groups()):
            return [here]
    found = guesses(os.environ, _targets())
    for place in found:
        tell(f"this machine knows no '{wanted}': looking at {place} ({place.why})")
    return [reach_at(place) for place in found]


def _targets() -> tuple[KnownTarget, ...]:
    from tfinfra.compiler.load import load_targets

    return known_targets([(document.file, document.data) for document in load_targets(Path.cwd())])


def reach_at(place: Place) -> Reach:
    """What asks the place's cloud, once it is called for."""
    return cache(partial(_ports_at, place))


def _ports_at(place: Place) -> Ports:
    from tfinfra.clouds import azure_subscription, local_cloud

    cloud = azure_subscription(place.subscription) if place.subscription else local_cloud()
    return real_ports(cloud, right_now)


def local_cloud_used(state: Path) -> bool:
    """Whether this machine's cloud holds any group, by its folder: asking the cloud would start it."""
    groups = state / "cloud" / "groups"
    return groups.is_dir() and any(groups.iterdir())


def cloud_of(record: RunRecord) -> Cloud:
    """The cloud that a run is on."""
    from tfinfra.clouds import cloud_for

    return cloud_for(record.target, record.rehearse, record.machines)
