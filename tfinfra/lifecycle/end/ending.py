"""The end of a run, however it came: nodes stopped, held where that was asked for, outputs brought home, everything
deleted. Nothing that goes wrong here may keep the deletion from happening."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.errors import Cancelled, LimitReached, TfinfraError, TrainingFailed, first_line
from tfinfra.lifecycle.end import collect, deletion_wait, settling, teardown
from tfinfra.lifecycle.end.bring_home import Home, bring_home, trees_of
from tfinfra.lifecycle.end.salvage import OutputTree
from tfinfra.lifecycle.record import spending
from tfinfra.lifecycle.record.error_record import telling
from tfinfra.lifecycle.record.run_record import RunRecord, opened_stacks
from tfinfra.lifecycle.record.uncollected import has_all
from tfinfra.lifecycle.run.context import ActiveRun
from tfinfra.model import Outcome, StopRequest
from tfinfra.store import encode, keys, store_errors
from tfinfra.store.waiting import store_trouble
from tfinfra.system.clock import iso_time, spell_seconds, unix_time
from tfinfra.system.threads import spawn

POLL = 0.15
CLOSING = 10.0
"""Seconds that an update under way has to end once it was told to."""
RESULTS = {TrainingFailed: "failed", Cancelled: "cancelled", LimitReached: "limit"}


@dataclass(frozen=True)
class RunResult:
    """How a run ended. `error` is what its exit code says, None after a success or a detach."""

    record: RunRecord
    document: dict[str, Any]
    error: TfinfraError | None


def end_run(active: ActiveRun, error: BaseException | None) -> RunResult:
    """Stops, holds, collects and deletes. The result carries the run's first error, or TeardownIncomplete, which
    outranks it. Raises `error` where it is a fault of tfinfra itself."""
    error = (store_trouble(error) if error else None) or error
    _before_deletion(active, error)
    told, lost = _collect_beside_deletion(active)
    left = _delete_keep(active, told, lost)
    final = _final(active, error, left)
    outranked = {"exit_code": final.exit_code} if isinstance(final, TfinfraError) else {}
    record = active.folder.update(times=active.times(over=True), **outranked)
    document = {**collect.run_document(record, active.plan, None, active.ports.clock()), **(told.seen or {})}
    _write_results(active, document, record)
    record = active.folder.update(client=None)  # whoever waits for this process finds everything written
    for complaint in active.folder.complaints:
        active.session.observer.say(f"warning: {complaint}")
    if final is not None and not isinstance(final, TfinfraError):
        raise final
    return RunResult(record, document, final)


def never_begun(active: ActiveRun, error: BaseException) -> None:
    """Notes why a run came to nothing before it touched a cloud; all else that it left on this machine goes."""
    active.folder.forget()
    record = active.folder.read()
    if record is not None:
        times = {**record.times, "ended": active.ports.clock()}
        left = opened_stacks(record)
        active.folder.update(phase="deleted", client=None, times=times, stacks_left=left, **_verdict(error, None))


def _write_results(active: ActiveRun, document: dict[str, Any], record: RunRecord) -> None:
    try:
        collect.write_results(active.folder, document, Path(record.results))
    except OSError as error:
        active.folder.complain(f"{record.results} cannot be written: {error.strerror or error}")


def await_collected(active: ActiveRun, check: Callable[[], None]) -> None:
    """Waits until the nodes have brought everything into the store, or cannot; `check` may raise to end that."""
    watch = active.watch
    if watch is None:
        return
    now = active.ports.clock()  # what is not in the store at the deadline stays behind: it is billed no longer
    until = min(now + active.ports.cloud.timeouts.collect, _deadline(active))
    while not watch.collected() and active.ports.clock() < until and not watch.alone:
        check()
        time.sleep(POLL)
    watch.finish()


def _deadline(active: ActiveRun) -> float:
    end = active.session.deadline
    return float("inf") if end is None else end.at


def hold_success(active: ActiveRun) -> None:
    """Keeps everything as it is after a success with --keep, until the deadline or Ctrl-C."""
    if active.options.keep:
        _hold(active, unix_time(active.record().deadline))


# Before the deletion


def _before_deletion(active: ActiveRun, error: BaseException | None) -> None:
    """How the run ended is noted whatever becomes of the nodes' own end."""
    if error is not None:
        _attempt(active, lambda: _stop(active, error))
    verdict = _verdict(error, active.outcome)
    _attempt(active, lambda: active.folder.update(phase="ended", times=active.times(over=True), **verdict))


def _attempt(active: ActiveRun, step: Callable[[], object]) -> None:
    try:
        step()
    except Exception as another:  # noqa: BLE001 - a store or a disk that fails must not keep the deletion from happening
        active.session.observer.say(f"the run could not be ended in order: {first_line(another)}")


def _stop(active: ActiveRun, error: BaseException) -> None:
    _stop_update(active)
    _stop_nodes(active, error)
    _hold_failed(active, error)


def _stop_update(active: ActiveRun) -> None:
    """Ends an update that is under way: what it would still make must not outlive the deletion."""
    if active.engine is None or active.update is None or active.update.done():
        return
    active.session.observer.say("ending Pulumi's update")
    active.engine.close()
    active.update.exception(timeout=CLOSING)


def _stop_nodes(active: ActiveRun, error: BaseException) -> None:
    """Asks the nodes to end and collect, where the run is ended from here and they still train."""
    watch, store = active.watch, active.store
    if watch is None or store is None or watch.alone:
        return
    if active.outcome is not None:  # it ended by itself: what it wrote still comes home
        await_collected(active, _patient)
        return
    reason = "limit" if isinstance(error, LimitReached) else "cancelled"
    store.put(keys.STOP, encode(StopRequest(reason, str(error))))
    if watch.statuses:
        active.session.observer.say("stopping the tasks and collecting what they wrote")
        await_collected(active, _patient)


def _patient() -> None:
    """The check of a wait that an interrupt began: a second one leaves by itself."""


def _hold_failed(active: ActiveRun, error: BaseException) -> None:
    """on_failure: {hold: …} after a failed training, never past the deadline."""
    wanted = active.plan.limits.max_run_duration if active.options.keep else active.plan.hold_on_failure
    if wanted and isinstance(error, TrainingFailed):
        active.session.observer.say(str(error))
        _hold(active, min(active.ports.clock() + wanted, unix_time(active.record().deadline)))


def _hold(active: ActiveRun, until: float) -> None:
    left = spell_seconds(max(0.0, until - active.ports.clock()))
    session = active.session
    session.observer.say(f"the nodes are held for {left}, until {iso_time(until)}; Ctrl-C deletes them now")
    session.audit.append("hold", until=iso_time(until))
    active.folder.update(phase="held")
    while active.ports.clock() < until and not session.interrupt.requested:
        if active.watch is not None:
            active.watch.collected()
        time.sleep(POLL)


def _verdict(error: BaseException | None, outcome: Outcome | None) -> dict[str, Any]:
    """How the record says that the run ended."""
    if error is None:
        return {"result": "succeeded", "message": outcome.message if outcome else "", "exit_code": 0}
    result = next((name for kind, name in RESULTS.items() if isinstance(error, kind)), "error")
    return {
        "result": result,
        **telling(error),
        "failed_task": outcome.task if outcome else None,
        "exit_status": outcome.exit_status if outcome else None,
    }


# Collect and delete


@dataclass(frozen=True)
class _Told:
    """What the store told before it was deleted, what came home (None: nothing could, or there was no store), and what
    is left of the compute group, which was deleted beside."""

    seen: dict[str, Any] | None
    home: Home | None
    left: dict[str, str]


def _collect_beside_deletion(active: ActiveRun) -> tuple[_Told, BaseException | None]:
    """Deletes the compute groups of all attempts while the outputs come home out of the keep group; before that, where
    no node could collect and the machines' disks are on this machine, out of these. Nodes that had not said that they
    were done may have written until their end: the store is looked into once more then."""
    record = active.folder.read()
    compute = teardown.compute_groups(record, active.run)
    present = settling.present_groups(active.ports, record)
    disks = _disks(active, compute) if active.store is not None and not _has_all(active) else ()
    home, lost = _collect(active, disks) if disks else (None, None)
    with active.session.phase("teardown", ", ".join(compute)):
        say = active.session.observer.say
        deleting = spawn(lambda: teardown.delete_groups(active.ports, active.run, compute, say), "teardown")
        if not disks:
            home, lost = _collect(active)
        left = deletion_wait.deletion(active, deleting, compute)
        wait(active.leaving, timeout=CLOSING)
        _settle(active, [group for group in compute if group not in teardown.present(left)], present)
        if home is not None and not home.collected:
            home, lost = _collect(active, before=home)
        return _Told(_note(active, home, machines=bool(teardown.present(left))), home, left), lost


def _disks(active: ActiveRun, compute: Sequence[str]) -> tuple[OutputTree, ...]:
    """Those of this machine; a node may be deleting its group meanwhile."""
    try:
        return trees_of(active.ports.cloud, compute)
    except Exception as error:  # noqa: BLE001 - nothing that goes wrong here may keep the deletion from happening
        active.session.observer.say(f"the machines' disks cannot be read: {first_line(error)}")
        return ()


def _has_all(active: ActiveRun) -> bool:
    """Whether the nodes have said that their store has. One that does not answer has not: what lies on the machines'
    disks goes with them."""
    try:
        return active.store is None or has_all(active.store)
    except store_errors():
        return False


def _settle(active: ActiveRun, groups: list[str], present: set[str] | None) -> None:
    try:
        spending.note_gone(active.folder, dict(active.gone))
        settling.settle(active.ports, active.folder, groups, present)
    except Exception as error:  # noqa: BLE001 - a disk that fails must not keep the other group from being deleted
        active.session.observer.say(f"what the run cost could not be noted: {error}")


def _collect(
    active: ActiveRun, disks: Sequence[OutputTree] = (), before: Home | None = None
) -> tuple[Home | None, BaseException | None]:
    """What came home, and why nothing did, where that is so."""
    if active.store is None:
        return None, None
    try:
        record = active.record()
        with active.session.phase("collect", record.results):
            results = Path(record.results)
            return bring_home(active.store, results, record.plan_tasks, record.shared, disks=disks, before=before), None
    except Exception as error:  # noqa: BLE001 - whatever it was: outputs that did not come keep their group
        return None, error


def _note(active: ActiveRun, home: Home | None, *, machines: bool) -> dict[str, Any] | None:
    """What the store tells of tasks and nodes; notes and says what came home, and what did not. `machines` that are
    still there may collect after this: then it was not the fetch."""
    if home is None:
        return None
    for note in home.lines():
        active.session.observer.say(f"warning: {note}")
    try:
        fetched = not home.keeps and (home.collected or not machines)
        record = active.folder.update(fetched=fetched, not_collected=home.missing)
        document = collect.run_document(record, active.plan, active.store, active.ports.clock())
    except Exception as error:  # noqa: BLE001 - the outputs are home: what else the store says keeps nothing
        active.session.observer.say(f"what the nodes told cannot be read: {first_line(error)}")
        return None
    return {key: document[key] for key in ("tasks", "nodes", "unreadable")}


def _delete_keep(active: ActiveRun, told: _Told, lost: BaseException | None) -> dict[str, str]:
    """Deletes the keep group, whose outputs are home, and forgets the stacks. What is left of both groups."""
    groups = teardown.begun_groups(active.folder.read(), active.run)
    keep = groups[-1]
    left = dict(told.left)
    if teardown.present(left):
        left[keep] = teardown.KEPT
    elif lost is not None:
        left[keep] = f"{teardown.UNFETCHED} could not be fetched: {first_line(lost)}"
    elif told.home is not None and told.home.keeps:
        left[keep] = f"{teardown.UNFETCHED} did not all come home: {told.home.missing}"
    else:
        with active.session.phase("verify", keep):
            say = active.session.observer.say
            deleting = spawn(lambda: teardown.delete_groups(active.ports, active.run, (keep,), say), "teardown")
            left |= deletion_wait.deletion(active, deleting, (keep,))
            _settle(active, [] if keep in teardown.present(left) else [keep], None)
            left |= {} if keep in left else teardown.clear_store(active.ports, active.record())
    if left:
        active.session.audit.append("teardown.left", left=left)
        active.folder.update(phase="incomplete", left=tuple(left))
        return left
    active.session.audit.append("teardown.verified", groups=list(groups))
    if active.exported is not None:
        wait([active.exported], timeout=CLOSING)
    if active.engine is not None:
        active.engine.close()
    remain = teardown.forget_stacks(active.ports, active.folder, groups)
    active.folder.update(phase="deleted", left=(), stacks_left=tuple(remain))
    return left


def _final(active: ActiveRun, error: BaseException | None, left: dict[str, str]) -> BaseException | None:
    """TeardownIncomplete outranks all others."""
    if not left:
        return _late(active, error)
    raised = teardown.incomplete(active.record(), active.run, left, active.ports.clock())
    raised.__cause__ = error
    return raised


def _late(active: ActiveRun, error: BaseException | None) -> BaseException | None:
    """`error`, or that the deletion took longer than limits.max_cost_usd reckoned with."""
    late = spending.late(active.record())
    if late is None:
        return error
    active.session.audit.append("teardown.late", message=late.message)
    late.__cause__ = error
    return late
