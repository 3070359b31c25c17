"""The one teardown: each of a run's groups is deleted through ARM and verified gone, then its stack is dropped. It
needs no state of Pulumi's, and may be repeated by anybody at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from tfinfra.azure.deletion.group_names import RUN_ID, part_of_group, run_of_group
from tfinfra.errors import Cancelled, ForeignInside, TeardownIncomplete, TfinfraError, first_line
from tfinfra.lifecycle.end import settling
from tfinfra.lifecycle.record import spending
from tfinfra.lifecycle.record.names import group_name, stack_of_group
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord, write_json
from tfinfra.lifecycle.run.effects import EngineSeam, Ports
from tfinfra.store import clear
from tfinfra.system.progress import Progress
from tfinfra.system.threads import spawn

KEPT = "kept, because the timer in it still deletes the compute group"
ENDED_ELSEWHERE = "its groups were deleted from elsewhere: how it ended is not known here"
UNFETCHED = "the outputs in it"
"""How a reason begins that keeps a group because of what was not fetched."""
NOT_OURS = "left alone: it is named as this run's and not tagged so"


class Bringing(Protocol):
    """Brings a run's outputs home while it is deleted."""

    def before_machines_go(self) -> None:
        """What only the machines have."""

    def before_store_goes(self) -> str | None:
        """What lies in the keep group; the reason why that has to stay, None where it may go."""


class Emptied(str):
    """Why a group stays in which nothing of the run is left: what others have put there."""

    __slots__ = ()


def compute_groups(record: RunRecord | None, run: str) -> tuple[str, ...]:
    """The compute groups that were ever begun, one for each attempt; a record names no other run's."""
    begun = (*(attempt.group for attempt in record.attempts), record.compute_group) if record else ()
    own = [group for group in begun if run_of_group(group) == run and part_of_group(group) == "compute"]
    return tuple(dict.fromkeys(own or (group_name(run, "compute"),)))


def begun_groups(record: RunRecord | None, run: str) -> tuple[str, ...]:
    """The groups that were ever begun for a run, the keep group last: the others are what costs."""
    return (*compute_groups(record, run), group_name(run, "keep"))


def delete_groups(ports: Ports, run: str, groups: Sequence[str], progress: Progress) -> dict[str, str]:
    """Deletes the run's groups at once, each verified by ARM's 404. What is left, each with the reason; `progress`
    hears of what fails and is tried again."""
    futures = {group: spawn(partial(ports.delete_group, group, run, progress), f"delete {group}") for group in groups}
    left: dict[str, str] = {}
    for group, future in futures.items():
        error = future.exception()
        if isinstance(error, ForeignInside) and error.emptied:
            left[group] = Emptied(error)
        elif error is not None:
            left[group] = str(error) or type(error).__name__
    return left


def present(left: Mapping[str, str]) -> list[str]:
    """The groups of what is left in which there is still something of the run's."""
    return [group for group, reason in left.items() if not isinstance(reason, Emptied)]


def delete_run(
    ports: Ports,
    run: str,
    groups: Sequence[str],
    progress: Progress,
    bring: Callable[[], str | None] = lambda: None,
    *,
    alone: Sequence[str] = (),
) -> dict[str, str]:
    """Deletes the run's groups, what costs by the hour first. What is left, each with the reason; the keep group stays
    while there is something of the run's in any other, because the timer in it is the last who can still delete that,
    and where `bring`, which brings its outputs home, gives a reason. It stays also beside compute groups that are
    `alone`, only named as the run's: the timer goes by names, and whoever writes tags must not be able to end it."""
    keep = [group for group in groups if part_of_group(group) == "keep"]
    left = delete_groups(ports, run, [group for group in groups if group not in keep], progress)
    if present(left) or any(part_of_group(group) == "compute" for group in alone):
        return {**left, **dict.fromkeys(keep, KEPT)}
    kept = bring() if keep else None
    return {**left, **(dict.fromkeys(keep, kept) if kept else delete_groups(ports, run, keep, progress))}


def all_groups(
    ports: Ports, record: RunRecord | None, run: str, progress: Progress
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The groups that the run has by the cloud's tags, by its record and by its name (one that is gone is verified so),
    and those that are only named as the run's, each with the reason why it stays."""
    named = begun_groups(record, run)
    try:
        tagged = [group.name for group in ports.groups() if group.run == run]
        alone = {name: NOT_OURS for name in ports.strangers() if run_of_group(name) == run}
    except TfinfraError as error:  # whoever may delete one group need not be allowed to list all
        progress(f"warning: {error.message}: only {' and '.join(named)} are looked at")
        return named, {}
    return tuple(name for name in dict.fromkeys([*named, *tagged]) if name not in alone), alone


def clear_store(ports: Ports, record: RunRecord | None) -> dict[str, str]:
    """Deletes what a run has left in a container of others, which dies with no group. What is left, with the reason."""
    if record is None or record.target.store is None or record.store is None:
        return {}
    if not record.store.endswith(f"/{record.run}"):
        return {record.store: "this is not the run's own folder"}
    try:
        clear(ports.open_store(record.store))
    except Exception as error:  # noqa: BLE001 - a store's errors have no common kind; this one is named, not raised
        return {record.store: first_line(error)}
    return {}


def incomplete(record: RunRecord | None, run: str, left: dict[str, str], now: float) -> TeardownIncomplete:
    """The error that names what is left, with its cost per hour, and what all of it has cost until `now`."""
    lines = [f"  {group}: {_cost(record, group, reason)}: {reason}" for group, reason in left.items()]
    if record is not None and record.usd_per_hour:
        lines.append(f"  {spending.so_far(record, now)}; what is left goes on costing until it is gone")
    message = "\n".join([f"not everything of {run} could be deleted; left are", *lines])
    if any(reason.startswith(UNFETCHED) for reason in left.values()):
        hint = f"`tfinfra fetch {run}` brings what still can be had; `tfinfra down --discard {run}` gives it up"
        return TeardownIncomplete(message, hint=hint)
    if not present(left):
        return TeardownIncomplete(message, hint="nothing of the run is left in it: whoever put the rest there decides")
    if NOT_OURS in left.values() and all(reason in (NOT_OURS, KEPT) for reason in left.values()):
        return TeardownIncomplete(
            message, hint=f"what is this run's after all is tagged tfinfra-run={run}, or goes by hand"
        )
    return TeardownIncomplete(message, hint=f"`tfinfra down {run}` tries again")


def _cost(record: RunRecord | None, group: str, reason: str) -> str:
    return "nothing of the run's" if isinstance(reason, Emptied) else spending.cost_of(record, group)


def export_state(engine: EngineSeam, folder: RunFolder, part: str) -> None:
    """Keeps the stack's state in the audit folder: what was there outlives the stack."""
    folder.audit_folder.mkdir(parents=True, exist_ok=True)
    write_json(folder.audit_folder / f"{part}.state.json", engine.export(part))


def users_backend() -> str | None:
    """Where the stacks lie in a backend of the user's own: its URL without credentials."""
    url = os.environ.get("PULUMI_BACKEND_URL")
    if not url:
        return None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def forget_stacks(
    ports: Ports, folder: RunFolder, groups: Sequence[str], *, force: bool = False, backend: str | None = None
) -> dict[str, str]:
    """Drops the stacks of groups that are gone. What remains in a backend of the user's own, each with the reason; it
    costs nothing and is complained of. `backend` is the one that the run was made with."""
    stacks = [stack_of_group(group) for group in groups]
    here = users_backend()
    remain = ports.drop_stacks(stacks, force) if here else {}
    if backend and here != backend:
        remain = {**remain, **dict.fromkeys(stacks, f"PULUMI_BACKEND_URL is not {backend}, where it was made")}
    for stack, reason in remain.items():
        folder.complain(f"Pulumi's stack {stack} remains, with nothing in it: {reason}")
    folder.forget_stacks()
    return remain


def forced_stacks(run: str, progress: Progress) -> dict[str, str] | None:
    """Drops the stacks of a run of which no cloud knows anything more, whoever has locked them. What remains, each with
    the reason; None where `run` is no run's id, or there is no backend of the user's own."""
    if not RUN_ID.fullmatch(run) or users_backend() is None:
        return None
    from tfinfra.engine.stack_removal import drop_stacks

    stacks = [stack_of_group(group) for group in begun_groups(None, run)]
    remain = drop_stacks(stacks, force=True)
    for stack in stacks:
        progress(f"Pulumi's stack {stack} " + (f"remains: {remain[stack]}" if stack in remain else "is gone"))
    return remain


def finish_teardown(ports: Ports, folder: RunFolder, record: RunRecord | None, run: str, left: dict[str, str]) -> None:
    """Records how a teardown went. Raises TeardownIncomplete where something is left."""
    if left:
        folder.audit.append("teardown.fail", left=left)
        if record is not None:
            folder.update(phase="incomplete", left=tuple(left))
        raise incomplete(folder.read(), run, left, ports.clock())
    folder.audit.append("teardown.verified", groups=list(begun_groups(record, run)))


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
    if record is not None:
        stop_client(record)
        record = folder.update(phase="deleting")  # what its client wrote last counts
    if bring is not None:
        bring.before_machines_go()
    groups, alone = all_groups(ports, record, run, progress)
    if groups:
        progress(f"deleting {', '.join(groups)}")
    there, billed = settling.present_groups(ports, record), bool(record and record.ledger.running())
    fetch = bring.before_store_goes if bring is not None else lambda: None
    left = {**delete_run(ports, run, groups, progress, fetch, alone=tuple(alone)), **alone}
    settling.settle(ports, folder, [group for group in groups if group not in present(left)], there)
    finish_teardown(ports, folder, record, run, left or clear_store(ports, record))
    remain = forget_stacks(ports, folder, groups, force=force, backend=record.backend if record else None)
    if record is not None:
        _record_end(folder, billed, stacks_left=tuple(remain), **_verdict(record, exists, ports.clock()))
    for complaint in folder.complaints:
        progress(f"warning: {complaint}")
    return remain


def _record_end(folder: RunFolder, billed: bool, **told: Any) -> None:
    """Records that all is deleted. Raises TeardownIncomplete where that is later than a limits.max_cost_usd reckoned
    with, and was billed until now."""
    late = spending.late(folder.update(phase="deleted", left=(), **told))
    if late is not None and billed:
        folder.audit.append("teardown.late", message=late.message)
        raise late


def _verdict(record: RunRecord, exists: bool, now: float) -> dict[str, Any]:
    """How a run ended that nobody has written the end of. Who finds nothing of it ended nothing."""
    message = record.message or ("" if exists else ENDED_ELSEWHERE)
    result = record.result or ("cancelled" if exists else None)
    code = record.exit_code if record.exit_code is not None or result != "cancelled" else Cancelled.exit_code
    return {"result": result, "message": message, "exit_code": code, "times": {"ended": now, **record.times}}
