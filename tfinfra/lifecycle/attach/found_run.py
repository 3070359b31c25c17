"""A run as it was found: by its record here, else by its store; what ARM says of it, and what of it is unreadable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfinfra.azure.deletion.group_names import part_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import first_line
from tfinfra.lifecycle.record.in_store.published import BorrowedFolder, FoundGroups, borrowed, driven_elsewhere
from tfinfra.lifecycle.record.in_store.store_view import how_it_ended
from tfinfra.lifecycle.record.names import record_store
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord
from tfinfra.lifecycle.record.run_status import RunState, RunStatus, run_status, unknown_status
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import Outcome
from tfinfra.model.shapes import is_time
from tfinfra.store import ObjectStore, Unreadable, holds, keys, store_errors
from tfinfra.system.clock import right_now

Reach = Callable[[], Ports]


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
    def host(self) -> str:
        """The run whose groups it is in, as its record says; itself where there is none."""
        return self.record.host if self.record else self.run

    @property
    def exists(self) -> bool:
        return bool(self.groups)

    @property
    def borrowed(self) -> bool:
        """Whether the run is another machine's: this one keeps no record of it."""
        return isinstance(self.folder, BorrowedFolder)

    @property
    def driven_elsewhere(self) -> bool:
        """Whether a client on another machine drives it, as far as its store says."""
        if not self.borrowed or self.record is None or self.store is None:
            return False
        try:
            return driven_elsewhere(self.record, self.store, right_now())
        except store_errors():
            return False

    @property
    def held(self) -> bool:
        """Whether its training has ended and its nodes stay all the same, for `--keep`."""
        if self.outcome is None or self.store is None or not self.present_compute_groups:
            return False
        try:
            return holds(self.store, keys.KEEP)
        except store_errors():
            return False

    @property
    def ended_unreadably(self) -> Unreadable | None:
        """How the run ended, where that is written down and cannot be read."""
        return next((odd for odd in self.odd if odd.key == keys.OUTCOME), None)

    @property
    def keep_group(self) -> str | None:
        """The keep group that ARM lists."""
        return next((g.name for g in self.groups if part_of_group(g.name) == "keep"), None)

    @property
    def listed_share(self) -> str | None:
        """The share that ARM lists in the keep group, whatever a record says."""
        return self.ports.arm.share_of(self.keep_group) if self.keep_group else None

    @property
    def present_compute_groups(self) -> tuple[str, ...]:
        """The compute groups that ARM lists, one for each attempt that has left one."""
        return tuple(g.name for g in self.groups if part_of_group(g.name) == "compute")

    @property
    def status(self) -> RunStatus:
        wrong = "; ".join(each for each in (self.unread, *map(str, self.odd)) if each)
        if self.record is None:
            return unknown_status(self.run, self.groups, wrong or "this machine has no record of it")
        status = run_status(self.record, self.groups, self.outcome, right_now())
        unknown = status.state == RunState.TRAINING and self.ended_unreadably
        return replace(
            status,
            state=RunState.UNKNOWN if unknown else status.state,
            message=status.message or wrong,
            watched=status.watched or self.driven_elsewhere,
            unreadable=tuple(map(str, self.odd)),
        )


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
    url = found.record.store if found.record else None
    if not url:  # a client that died while it provisioned did not write it
        url = found.ports.arm.store_of(found.keep_group) if found.keep_group else None
    store = found.ports.open_store(url) if url else None
    folder, odd = found.folder, found.odd
    if found.record is None:
        folder = _borrowed(found, store, url) if store is not None and url else _unkept(found.folder)
        odd = (*odd, *(folder.odd if isinstance(folder, BorrowedFolder) else ()))
    record = folder.read()
    newest = record_store(record) if record else None
    if store is not None and record is not None and newest not in (None, record.store):
        store = found.ports.open_store(str(newest))
    outcome = how_it_ended(store, right_now()) if store else None
    if isinstance(outcome, Unreadable):
        odd, outcome = (*odd, outcome), None
    return replace(found, folder=folder, record=record, store=store, outcome=outcome, odd=odd)


def has_store(record: RunRecord | None, groups: Sequence[RunGroup]) -> bool:
    """Whether the run's store can still be there: it goes with the keep group, or is in a container of others."""
    of_others = record is not None and record.target.store is not None and record.phase != RunPhase.DELETED
    return of_others or any(part_of_group(g.name) == "keep" for g in groups)


def _borrowed(found: FoundRun, store: ObjectStore, url: str) -> BorrowedFolder:
    """The run as its store has it, in memory: a record here that is unreadable may be a newer version's."""
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
