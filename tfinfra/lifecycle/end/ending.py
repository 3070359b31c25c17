"""The end of a run, however it came: nodes stopped, held where that was asked for, outputs brought home, everything
deleted. Nothing that goes wrong here may keep the deletion from happening."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tfinfra.errors import LimitReached, Result, TfinfraError, TrainingFailed, first_line
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.end.deletion_wait import await_deletion
from tfinfra.lifecycle.end.further_runs import not_at_home
from tfinfra.lifecycle.end.run_home import RunHome
from tfinfra.lifecycle.end.teardown import KnownGroups, Teardown
from tfinfra.lifecycle.record.error_record import recorded_error
from tfinfra.lifecycle.record.names import begun_groups
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord, opened_stacks
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.model import Outcome, StopRequest
from tfinfra.store import encode, keys
from tfinfra.store.waiting import store_trouble
from tfinfra.system.clock import iso_time, unix_time
from tfinfra.text.wording import spell_seconds

POLL = 0.15
CLOSING = 10.0
"""Seconds that the engine's work under way, an update or an export, has to end."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended. `error` is what its exit code says, None after a success or a detach; `held` is the run whose
    nodes stay after it, None where there is none."""

    record: RunRecord
    document: dict[str, Any]
    error: TfinfraError | None
    held: RunRecord | None = None


def end_driven_run(context: RunContext, error: BaseException | None) -> RunResult:
    """Stops, holds, collects and deletes. The result carries the run's first error, or TeardownIncomplete, which
    outranks it. Raises `error` where it is a fault of tfinfra itself."""
    error = (store_trouble(error) if error else None) or error
    if error is not None:
        _attempt(context, lambda: _stop(context, error))
    result = result_fields(error, context.undo.outcome)
    _attempt(context, lambda: context.folder.update(phase=RunPhase.ENDED, times=context.times(over=True), **result))
    home = RunHome(context)
    torn = Teardown(
        context.ports,
        context.folder,
        context.run,
        context.session.observer.say,
        bring=home,
        phase=context.session.phase,
        wait=partial(await_deletion, context),
        gone=context.undo.gone,
        before_stacks_go=partial(close_engine, context),
    ).go(lambda: KnownGroups(begun_groups(context.folder.read(), context.run)))
    final = error
    if torn.error is not None:
        torn.error.__cause__, final = error, torn.error
    outranked = {"exit_code": final.exit_code} if isinstance(final, TfinfraError) else {}
    context.folder.update(times=context.times(over=True), **outranked)
    record, document = write_home(context, home)
    if final is not None and not isinstance(final, TfinfraError):
        raise final
    return RunResult(record, document, final)


def write_home(context: RunContext, home: RunHome) -> tuple[RunRecord, dict[str, Any]]:
    """Writes the evidence, and the run's document beside its outputs. The record and the document as they are then."""
    home.evidence.write(home.document())
    record, document = context.record(), home.document()
    try:
        collect.write_results(context.folder, document, Path(record.results))
    except OSError as failed:
        context.folder.complain(f"{record.results} cannot be written: {failed.strerror or failed}")
    record = context.folder.update(client=None)  # whoever waits for this process finds everything written
    for complaint in context.folder.complaints:
        context.session.observer.say(f"warning: {complaint}")
    return record, document


def close_engine(context: RunContext) -> None:
    """Ends Pulumi's process, once it has exported what the audit wants of it."""
    undo = context.undo
    if undo.exported is not None:
        wait([undo.exported], timeout=CLOSING)
    if undo.engine is not None:
        undo.engine.close()


def never_begun(context: RunContext, error: BaseException) -> None:
    """Notes why a run came to nothing before it touched a cloud; all else that it left on this machine goes."""
    context.folder.forget()
    record = context.folder.read()
    if record is not None:
        times = {**record.times, "ended": context.ports.clock()}
        how = {**result_fields(error, None), "times": times, "stacks_left": opened_stacks(record)}
        context.folder.update(phase=RunPhase.DELETED, client=None, **how)


def await_collected(context: RunContext, nodes: Nodes, check: Callable[[], None]) -> None:
    """Waits until the nodes have brought everything into the store, or cannot; `check` may raise to end that."""
    watch, end, clock = nodes.watch, context.session.deadline, context.ports.clock
    if watch is None:
        return
    until = clock() + context.ports.cloud.timeouts.collect
    if end is not None:
        until = min(until, end.at)  # what is not in the store at the deadline stays behind: it is billed no longer
    while not watch.collected() and clock() < until and not watch.alone:
        check()
        time.sleep(POLL)
    watch.finish()


# Before the deletion


def _attempt(context: RunContext, step: Callable[[], object]) -> None:
    try:
        step()
    except Exception as another:  # noqa: BLE001 - a store or a disk that fails must not keep the deletion from happening
        context.session.observer.say(f"the run could not be ended in order: {first_line(another)}")


def _stop(context: RunContext, error: BaseException) -> None:
    """Ends what goes on: an update under way, whose resources must not outlive the deletion; then the nodes' tasks.
    After a failed training the nodes are held, where that was asked for, but never past the deadline."""
    undo, say = context.undo, context.session.observer.say
    if undo.engine is not None and undo.update is not None and not undo.update.done():
        say("ending Pulumi's update")
        undo.engine.close()
        wait([undo.update], timeout=CLOSING)  # one that goes on keeps no node from being stopped
    if undo.nodes is not None:
        _stop_nodes(context, undo.nodes, error)
    wanted = context.plan.hold_on_failure if context.options.on is None else 0
    if wanted and isinstance(error, TrainingFailed):
        say(str(error))
        _hold(context, min(context.ports.clock() + wanted, unix_time(context.record().deadline)))


def _stop_nodes(context: RunContext, nodes: Nodes, error: BaseException) -> None:
    """Asks the nodes to end and collect, where the run is ended from here and they still train."""

    def patient() -> None:
        """The check of a wait that an interrupt began: a second one leaves by itself."""

    watch = nodes.watch
    if watch is None or watch.alone:
        return
    if nodes.outcome is not None:  # it ended by itself: what it wrote still comes home
        await_collected(context, nodes, patient)
        return
    reason = Result.LIMIT if isinstance(error, LimitReached) else Result.CANCELLED
    nodes.store.put(keys.STOP, encode(StopRequest(reason, str(error))))
    if watch.statuses:
        context.session.observer.say("stopping the tasks and collecting what they wrote")
        await_collected(context, nodes, patient)


def _hold(context: RunContext, until: float) -> None:
    left = spell_seconds(max(0.0, until - context.ports.clock()))
    session, nodes = context.session, context.undo.nodes
    session.observer.say(f"the nodes are held for {left}, until {iso_time(until)}; Ctrl-C deletes them now")
    session.audit.append("hold", until=iso_time(until))
    context.folder.update(phase=RunPhase.HELD)
    latest, clock = unix_time(context.record().deadline), context.ports.clock
    while clock() < until or (clock() < latest and not_at_home(context.folder)):
        if session.interrupt.requested:
            break
        if nodes is not None:
            nodes.be_seen()
        time.sleep(POLL)


def result_fields(error: BaseException | None, outcome: Outcome | None) -> dict[str, Any]:
    """How the record says that the run ended."""
    if error is None:
        return {"result": Result.SUCCEEDED, "message": outcome.message if outcome else "", "exit_code": 0}
    return {
        "result": Result.of(error),
        **recorded_error(error),
        "failed_task": outcome.task if outcome else None,
        "exit_status": outcome.exit_status if outcome else None,
    }
