"""The one teardown, for all who delete a run: its client at its end, `down`, `fetch`, a sweep. Each of the run's
groups is deleted through ARM and verified gone, then all else that knows of them is put right. It needs no state of
Pulumi's, and may be repeated by anybody at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tfinfra.azure.deletion.group_names import part_of_group, run_of_group
from tfinfra.errors import ForeignInside, Result, TeardownIncomplete, TfinfraError, first_line
from tfinfra.lifecycle.end.close_ledger import close_ledger, present_groups
from tfinfra.lifecycle.end.further_runs import not_at_home, stop_tasks
from tfinfra.lifecycle.end.stacks import forget_stacks
from tfinfra.lifecycle.end.told_deletion import ToldDeletion
from tfinfra.lifecycle.evidence.run_evidence import UNKEPT
from tfinfra.lifecycle.record import spending
from tfinfra.lifecycle.record.names import begun_groups
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord
from tfinfra.lifecycle.record.times.usual_times import usual_of
from tfinfra.lifecycle.record.uses import end_use
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.store import clear
from tfinfra.system.progress import Progress
from tfinfra.system.threads import spawn

KEPT = "kept, because the timer in it still deletes the compute group"
ENDED_ELSEWHERE = "its groups were deleted from elsewhere: how it ended is not known here"
UNFETCHED = "the outputs in it"
"""How a reason begins that keeps a group because of what was not fetched."""
NOT_OURS = "left alone: it is named as this run's and not tagged so"


Deleting = Future[dict[str, str]]
"""A deletion of groups under way: what it leaves, each with the reason."""


class Emptied(str):
    """Why a group stays in which nothing of the run is left: what others have put there."""

    __slots__ = ()


def present(left: Mapping[str, str]) -> list[str]:
    """The groups of what is left in which there is still something of the run's."""
    return [group for group, reason in left.items() if not isinstance(reason, Emptied)]


class Bringing:
    """What becomes of a run's outputs while it is deleted. Here they are given up; a subclass that brings them home
    overrides these steps, which come in this order."""

    def before_machines_go(self) -> None:
        """What only the machines have."""

    def while_machines_go(self) -> None:
        """What lies in the keep group, beside the deletion of the compute groups."""

    def once_machines_are_gone(self, *, some_left: bool) -> None:
        """What nodes wrote until their end; with `some_left`, machines are still there that may write on."""

    def others_in_store(self) -> str:
        """The runs of other machines that lie in the keep group too and are not at home, "" for none."""
        return ""

    def before_store_goes(self) -> str | None:
        """What lies in the keep group. The reason why that has to stay, None where it may go."""
        return None


@dataclass(frozen=True)
class KnownGroups:
    """The `groups` of a run, and those that are only named as the run's (`alone`), each with the reason why it
    stays."""

    groups: tuple[str, ...]
    alone: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TeardownResult:
    """What is `left` of a run and which of its stacks remain (`stacks_left`), each with the reason. `error` names what
    is left, or says that the deletion took longer than limits.max_cost_usd reckoned with; else it is None."""

    left: Mapping[str, str]
    stacks_left: dict[str, str]
    error: TeardownIncomplete | None


@dataclass(frozen=True)
class Teardown:
    """How one run is deleted. What differs between those who do it is given: `say` hears of what fails and is tried
    again; `bring` brings the outputs home; `phase` shows a phase with its text; `wait` gives what a deletion of these
    groups leaves, each with the reason, and may give it up; `gone` are the groups that are known to be gone since then
    (Unix seconds); `before_stacks_go` ends what still uses them; `force` takes others' locks on them away."""

    ports: Ports
    folder: RunFolder
    run: str
    say: Progress
    bring: Bringing = field(default_factory=Bringing)
    phase: Callable[[str, str], AbstractContextManager[None]] = lambda _name, _text: nullcontext()
    wait: Callable[[Deleting, Sequence[str]], dict[str, str]] = lambda deleting, _groups: deleting.result()
    gone: Mapping[str, float] = field(default_factory=dict)
    before_stacks_go: Callable[[], object] = lambda: None
    force: bool = False

    def go(
        self, find: Callable[[], KnownGroups], result_fields: Callable[[], Mapping[str, Any]] = dict
    ) -> TeardownResult:
        """Deletes all that `find` finds of the run, and records it; where nothing is left, with `result_fields`. `find`
        is called once what only the machines had is at home."""
        folder, run = self.folder, self.run
        record = folder.read()
        billed = bool(record and record.ledger.running())
        self.bring.before_machines_go()
        found = find()
        if record is not None and record.on:
            left = self._leave(record)
        else:
            left = {**self.delete(found.groups, tuple(found.alone)), **found.alone}
        if not any(part_of_group(group) == "keep" or (record and group == record.store) for group in left):
            left |= clear_store(self.ports, record)
        if left:
            folder.audit.append("teardown.left", left=left)
            if record is not None:
                folder.update(phase=RunPhase.INCOMPLETE, left=tuple(left))
            return TeardownResult(left, {}, incomplete(folder.read(), run, left, self.ports.clock()))
        folder.audit.append("teardown.verified", groups=list(begun_groups(record, run)))
        self.before_stacks_go()
        backend = record.backend if record else None
        stacks_left = forget_stacks(folder, found.groups, force=self.force, backend=backend)
        if record is None:
            return TeardownResult({}, stacks_left, None)
        ended = folder.update(phase=RunPhase.DELETED, left=(), stacks_left=tuple(stacks_left), **result_fields())
        late = spending.late(ended) if billed else None
        if late is not None:
            folder.audit.append("teardown.late", message=late.message)
        return TeardownResult({}, stacks_left, late)

    def delete(self, groups: Sequence[str], alone: Sequence[str] = ()) -> dict[str, str]:
        """Deletes the run's groups, what costs by the hour first. What is left, each with the reason; the keep group
        stays while there is something of the run's in any other, because the timer in it is the last who can still
        delete that, and where its outputs are not at home. It stays also beside compute groups that are `alone`, only
        named as the run's: the timer goes by names, and whoever writes tags must not be able to end it."""
        keep = [group for group in groups if part_of_group(group) == "keep"]
        compute = [group for group in groups if group not in keep]
        before = present_groups(self.ports, self.folder.read())
        with self.phase("teardown", ", ".join(compute)):
            deleting = self._deleting(compute)
            self.bring.while_machines_go()
            left = self.wait(deleting, compute)
            self._close_ledger(compute, left, before)
            self.bring.once_machines_are_gone(some_left=bool(present(left)))
        if not keep:
            return left
        if present(left) or any(part_of_group(group) == "compute" for group in alone):
            return {**left, **dict.fromkeys(keep, KEPT)}
        others = ", ".join(filter(None, (not_at_home(self.folder), self.bring.others_in_store())))
        kept = f"{UNFETCHED} of {others} are not at home" if others else self.bring.before_store_goes()
        if kept is not None:
            return {**left, **dict.fromkeys(keep, kept)}
        with self.phase("verify", ", ".join(keep)):
            left |= self.wait(self._deleting(keep), keep)
            self._close_ledger(keep, left, before)
        return left

    def _leave(self, record: RunRecord) -> dict[str, str]:
        """Brings home a run that is on the nodes of another, whose groups stay. What of it has to stay in that one's
        store, with the reason."""
        stop_tasks(self.ports, record, self.say)
        self.bring.while_machines_go()
        self.bring.once_machines_are_gone(some_left=False)
        kept = self.bring.before_store_goes() if record.store else None
        end_use(self.folder.of(record.host), self.run, self.ports.clock())
        return {record.store: kept} if record.store and kept is not None else {}

    def _deleting(self, groups: Sequence[str]) -> Deleting:
        return spawn(lambda: delete_groups(self.ports, self.run, groups, self.say), "teardown")

    def _close_ledger(self, groups: Sequence[str], left: Mapping[str, str], before: set[str] | None) -> None:
        """At once: whatever becomes of this process, what is gone is billed no longer."""
        ended = [group for group in groups if group in self.gone or group not in present(left)]
        try:
            close_ledger(self.ports, self.folder, ended, before, self.gone)
        except Exception as error:  # noqa: BLE001 - a disk that fails must not keep the other group from being deleted
            self.say(f"what the run cost could not be noted: {error}")


def delete_groups(ports: Ports, run: str, groups: Sequence[str], progress: Progress) -> dict[str, str]:
    """Deletes the run's groups at once, each verified by ARM's 404. What is left, each with the reason; `progress`
    hears of what fails and is tried again."""
    delete = ports.arm.delete_group
    futures = {group: spawn(partial(delete, group, run, progress), f"delete {group}") for group in groups}
    left: dict[str, str] = {}
    for group, future in futures.items():
        error = future.exception()
        if isinstance(error, ForeignInside) and error.emptied:
            left[group] = Emptied(error)
        elif error is not None:
            left[group] = str(error) or type(error).__name__
    return left


def all_groups(ports: Ports, record: RunRecord | None, run: str, progress: Progress) -> KnownGroups:
    """The groups that the run has by the cloud's tags, by its record and by its name (one that is gone is verified so),
    and those that are only named as the run's."""
    named = begun_groups(record, run)
    try:
        tagged = [group.name for group in ports.arm.groups() if group.run == run]
        alone = {name: NOT_OURS for name in ports.arm.untagged_groups() if run_of_group(name) == run}
    except TfinfraError as error:  # whoever may delete one group need not be allowed to list all
        progress(f"warning: {error.message}: only {' and '.join(named)} are looked at")
        return KnownGroups(named)
    return KnownGroups(tuple(name for name in dict.fromkeys([*named, *tagged]) if name not in alone), alone)


def clear_store(ports: Ports, record: RunRecord | None) -> dict[str, str]:
    """Deletes what a run has left in a container of others, or in the store of the run whose nodes it was on: that goes
    with no group of its own. What is left, with the reason."""
    if record is None or record.store is None or (record.target.store is None and record.on is None):
        return {}
    if not record.store.endswith(f"/{record.run}"):
        return {record.store: "this is not the run's own folder"}
    try:
        clear(ports.open_store(record.store))
    except Exception as error:  # noqa: BLE001 - a store's errors have no common kind; this one is named, not raised
        return {record.store: first_line(error)}
    return {}


def incomplete(record: RunRecord | None, run: str, left: Mapping[str, str], now: float) -> TeardownIncomplete:
    """The error that names what is left, with its cost per hour, and what all of it has cost until `now`."""
    lines = []
    for group, reason in left.items():
        cost = "nothing of the run's" if isinstance(reason, Emptied) else spending.cost_of(record, group)
        lines.append(f"  {group}: {cost}: {reason}")
    if record is not None and record.usd_per_hour:
        lines.append(f"  {spending.so_far(record, now)}; what is left goes on costing until it is gone")
    message = "\n".join([f"not everything of {run} could be deleted; left are", *lines])
    hint = f"`tfinfra down {run}` tries again"
    if any(reason.startswith(UNKEPT) for reason in left.values()):
        hint = f"`tfinfra fetch {run}` tries again; `tfinfra down --discard {run}` goes without"
    elif any(reason.startswith(UNFETCHED) for reason in left.values()):
        hint = f"`tfinfra fetch {run}` brings what still can be had; `tfinfra down --discard {run}` gives it up"
    elif not present(left):
        hint = "nothing of the run is left in it: whoever put the rest there decides"
    elif NOT_OURS in left.values() and all(reason in (NOT_OURS, KEPT) for reason in left.values()):
        hint = f"what is this run's after all is tagged tfinfra-run={run}, or goes by hand"
    return TeardownIncomplete(message, hint=hint)


def down(
    ports: Ports,
    folder: RunFolder,
    run: str,
    progress: Progress,
    stop_client: Callable[[RunRecord], None],
    *,
    force: bool = False,
    exists: bool = True,
    bring: Bringing | None = None,
) -> dict[str, str]:
    """Deletes whatever there is of `run`; nothing is there: nothing happens. Raises TeardownIncomplete, also where all
    is deleted later than a limits.max_cost_usd reckoned with.

    The stacks that remain in a backend of the user's own, each with the reason; `force` takes others' locks away;
    `exists` is whether anything of the run was there; `bring` brings its outputs home (None: they are given up).
    """
    record = folder.read()
    usual = usual_of(record, folder) if record is not None else {}
    told = ToldDeletion(progress, usual, ports.clock, folder.audit)
    if record is not None:
        stop_client(record)
        record = folder.update(phase=RunPhase.DELETING)  # what its client wrote last counts

    def find() -> KnownGroups:
        found = all_groups(ports, record, run, progress)
        if found.groups:
            told.begin(found.groups)
        return found

    def result_fields() -> dict[str, Any]:
        """How a run ended that nobody has written the end of. Who finds nothing of it ended nothing."""
        if record is None:
            return {}
        result = record.result or (Result.CANCELLED if exists else None)
        code = record.exit_code if record.exit_code is not None or result != Result.CANCELLED else result.exit_code
        message = record.message or ("" if exists else ENDED_ELSEWHERE)
        times = {"ended": ports.clock(), **record.times, **told.times}
        return {"result": result, "message": message, "exit_code": code, "times": times}

    torn = Teardown(*(ports, folder, run, progress, bring or Bringing(), told.phase, told.wait), force=force).go(
        find, result_fields
    )
    if torn.error is not None:
        raise torn.error
    for complaint in folder.complaints:
        progress(f"warning: {complaint}")
    return torn.stacks_left
