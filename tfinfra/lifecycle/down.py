"""The one teardown: each of a run's groups is deleted through ARM and verified gone, then its stack is dropped. It
needs no state of Pulumi's, and may be repeated by anybody at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from tfinfra.errors import TeardownIncomplete, TfinfraError
from tfinfra.lifecycle import spending
from tfinfra.lifecycle.ports import EngineSeam, Ports, Progress, spawn
from tfinfra.lifecycle.record import RunFolder, RunRecord, write_json
from tfinfra.lifecycle.settings import group_name, part_of
from tfinfra.store import clear

KEPT = "kept, because the timer in it still deletes the compute group"


def compute_groups(record: RunRecord | None, run: str) -> tuple[str, ...]:
    """The compute groups that were ever begun, one for each attempt."""
    begun = (*(attempt.group for attempt in record.attempts), record.compute_group) if record else ()
    return tuple(dict.fromkeys(begun or (group_name(run, "compute"),)))


def begun_groups(record: RunRecord | None, run: str) -> tuple[str, ...]:
    """The groups that were ever begun for a run, the keep group last: the others are what costs."""
    return (*compute_groups(record, run), group_name(run, "keep"))


def delete_groups(ports: Ports, groups: Sequence[str], progress: Progress) -> dict[str, str]:
    """Deletes the groups at once, each verified by ARM's 404. What is left, each with the reason; `progress` hears of
    what fails and is tried again."""
    futures = {group: spawn(partial(ports.delete_group, group, progress), f"delete {group}") for group in groups}
    left: dict[str, str] = {}
    for group, future in futures.items():
        error = future.exception()
        if error is not None:
            left[group] = str(error) or type(error).__name__
    return left


def delete_run(ports: Ports, groups: Sequence[str], progress: Progress) -> dict[str, str]:
    """Deletes the groups, the last of which is the keep group. What is left, each with the reason; the keep group stays
    while a compute group does, because the timer in it is the last who can still delete that."""
    *compute, keep = groups
    left = delete_groups(ports, compute, progress)
    return {**left, keep: KEPT} if left else delete_groups(ports, (keep,), progress)


def clear_store(ports: Ports, record: RunRecord | None) -> dict[str, str]:
    """Deletes what a run has left in a container of others, which dies with no group. What is left, with the reason."""
    if record is None or record.target.store is None or record.store is None:
        return {}
    if not record.store.endswith(f"/{record.run}"):
        return {record.store: "this is not the run's own folder"}
    try:
        clear(ports.open_store(record.store))
    except Exception as error:  # noqa: BLE001 - a store's errors have no common kind; this one is named, not raised
        return {record.store: str(error) or type(error).__name__}
    return {}


def incomplete(record: RunRecord | None, run: str, left: dict[str, str], now: float) -> TeardownIncomplete:
    """The error that names what is left, with its cost per hour, and what all of it has cost until `now`."""
    lines = [f"  {group}: {spending.cost_of(record, group)}: {reason}" for group, reason in left.items()]
    if record is not None and record.usd_per_hour:
        lines.append(f"  {spending.so_far(record, now)}; what is left goes on costing until it is gone")
    message = "\n".join([f"not everything of {run} could be deleted; left are", *lines])
    return TeardownIncomplete(message, hint=f"`tfinfra down {run}` tries again")


def export_state(engine: EngineSeam, folder: RunFolder, part: str) -> None:
    """Keeps the stack's state in the audit folder: what was there outlives the stack."""
    folder.audit_folder.mkdir(parents=True, exist_ok=True)
    write_json(folder.audit_folder / f"{part}.state.json", engine.export(part))


def needs_engine() -> bool:
    """Whether stacks lie in a backend of the user's own, where only Pulumi can drop them."""
    return bool(os.environ.get("PULUMI_BACKEND_URL"))


def forget_stacks(engine: EngineSeam | None, folder: RunFolder, parts: Sequence[str]) -> None:
    """Drops the stacks. The run's own backend folder is all that there is of them, where the user has no other."""
    if engine is not None and needs_engine():
        for part in parts:
            with suppress(TfinfraError):  # the groups are gone: an empty stack left in a backend costs nothing
                engine.drop(part)
    if engine is not None:
        engine.close()
    folder.forget_stacks()


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
) -> None:
    """Deletes whatever there is of `run`; nothing is there: nothing happens. Raises TeardownIncomplete, also where all
    is deleted later than a limits.max_cost_usd reckoned with."""
    record = folder.read()
    if record is not None:
        stop_client(record)
        record = folder.update(phase="deleting")  # what its client wrote last counts
    groups = begun_groups(record, run)
    progress(f"deleting {', '.join(groups)}")
    present, billed = spending.present_groups(ports, record), bool(record and record.ledger.running())
    left = delete_run(ports, groups, progress)
    spending.settle(ports, folder, [group for group in groups if group not in left], present)
    finish_teardown(ports, folder, record, run, left or clear_store(ports, record))
    forget_stacks(_engine(ports, folder, run), folder, [part_of(group, run) for group in groups])
    if record is not None:
        times = {"ended": ports.clock(), **record.times}
        record = folder.update(phase="deleted", left=(), result=record.result or "cancelled", times=times)
        late = spending.late(record)
        if late is not None and billed:
            folder.audit.append("teardown.late", message=late.message)
            raise late
    for complaint in folder.complaints:
        progress(f"warning: {complaint}")


def _engine(ports: Ports, folder: RunFolder, run: str) -> EngineSeam | None:
    """An engine to drop the stacks with, where they are in a backend of the user's choice."""
    if not needs_engine() or not folder.deploy.is_dir():
        return None
    try:
        return ports.engine(folder.deploy, run, folder.pulumi, _quiet)
    except TfinfraError:
        return None


def _quiet(text: str) -> None:
    del text
