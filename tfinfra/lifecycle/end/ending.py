"""The end of a run, however it came: nodes stopped, held where that was asked for, outputs brought home, everything
deleted. Nothing that goes wrong here may keep the deletion from happening."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tfinfra.errors import LimitReached, Result, TfinfraError, TrainingFailed, first_line
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.end.deletion_wait import await_deletion
from tfinfra.lifecycle.end.run_home import RunHome
from tfinfra.lifecycle.end.teardown import KnownGroups, Teardown
from tfinfra.lifecycle.record.error_record import recorded_error
from tfinfra.lifecycle.record.names import begun_groups
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord, opened_stacks
from tfinfra.lifecycle.run.context import ActiveRun
from tfinfra.model import Outcome, StopRequest
from tfinfra.store import encode, keys
from tfinfra.store.waiting import store_trouble
from tfinfra.system.clock import iso_time, unix_time
from tfinfra.text.wording import spell_seconds

POLL = 0.15
CLOSING = 10.0
"""Seconds that an update under way has to end once it was told to."""


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
    home = RunHome(active)
    torn = Teardown(
        active.ports,
        active.folder,
        active.run,
        active.session.observer.say,
        bring=home,
        phase=active.session.phase,
        wait=partial(_await_deletion, active),
        gone=active.gone,
        before_stacks_go=partial(_close_engine, active),
        left_event="teardown.left",
    ).go(lambda: KnownGroups(begun_groups(active.folder.read(), active.run)))
    final = error
    if torn.error is not None:
        torn.error.__cause__, final = error, torn.error
    outranked = {"exit_code": final.exit_code} if isinstance(final, TfinfraError) else {}
    record = active.folder.update(times=active.times(over=True), **outranked)
    document = {**collect.run_document(record, active.plan, None, active.ports.clock()), **(home.seen or {})}
    try:
        collect.write_results(active.folder, document, Path(record.results))
    except OSError as failed:
        active.folder.complain(f"{record.results} cannot be written: {failed.strerror or failed}")
    record = active.folder.update(client=None)  # whoever waits for this process finds everything written
    for complaint in active.folder.complaints:
        active.session.observer.say(f"warning: {complaint}")
    if final is not None and not isinstance(final, TfinfraError):
        raise final
    return RunResult(record, document, final)


def _await_deletion(active: ActiveRun, deleting: Future[dict[str, str]], groups: Sequence[str]) -> dict[str, str]:
    left = await_deletion(active, deleting, groups)
    wait(active.leaving, timeout=CLOSING)
    return left


def _close_engine(active: ActiveRun) -> None:
    if active.exported is not None:
        wait([active.exported], timeout=CLOSING)
    if active.engine is not None:
        active.engine.close()


def never_begun(active: ActiveRun, error: BaseException) -> None:
    """Notes why a run came to nothing before it touched a cloud; all else that it left on this machine goes."""
    active.folder.forget()
    record = active.folder.read()
    if record is not None:
        times = {**record.times, "ended": active.ports.clock()}
        how = {**_verdict(error, None), "times": times, "stacks_left": opened_stacks(record)}
        active.folder.update(phase=RunPhase.DELETED, client=None, **how)


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
    _attempt(active, lambda: active.folder.update(phase=RunPhase.ENDED, times=active.times(over=True), **verdict))


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
    reason = Result.LIMIT if isinstance(error, LimitReached) else Result.CANCELLED
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
    active.folder.update(phase=RunPhase.HELD)
    while active.ports.clock() < until and not session.interrupt.requested:
        if active.watch is not None:
            active.watch.collected()
        time.sleep(POLL)


def _verdict(error: BaseException | None, outcome: Outcome | None) -> dict[str, Any]:
    """How the record says that the run ended."""
    if error is None:
        return {"result": Result.SUCCEEDED, "message": outcome.message if outcome else "", "exit_code": 0}
    return {
        "result": Result.of(error),
        **recorded_error(error),
        "failed_task": outcome.task if outcome else None,
        "exit_status": outcome.exit_status if outcome else None,
    }
