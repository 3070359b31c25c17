"""How a run stands, by its record, its store, and what an earlier fetch left beside its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tfinfra.audit.log import read_events
from tfinfra.errors import ProvisioningError, Result
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.living import has_nodes
from tfinfra.lifecycle.attach.saved_document import saved_document
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.in_store.store_view import how_it_ended
from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.record.times.phase_times import phase_times
from tfinfra.lifecycle.record.times.usual_times import usual_seconds
from tfinfra.lifecycle.reporting.write import plan_of
from tfinfra.lifecycle.trials.tune_at_home import tune_part
from tfinfra.lifecycle.watch.latest_metric import latest_at_home, latest_document, latest_in_store
from tfinfra.lifecycle.watch.waiting import Waiting, waiting_for_nodes, waiting_for_outputs, waiting_for_tasks
from tfinfra.model import CollectingMark, Outcome, TaskStatus, from_json
from tfinfra.store import LARGE, Unreadable, encode, keys, readable, store_errors
from tfinfra.system.clock import right_now
from tfinfra.system.paths import state_folder

UNKNOWN_END = "how it ended is not known"
ORPHANED: dict[str, Any] = {
    "result": Result.ERROR,
    "exit_code": ProvisioningError.exit_code,
    "message": "the process that drove it died while it provisioned",
}


def status_document(found: FoundRun) -> dict[str, Any]:
    """The run as `status --json` gives it: run.json's fields as they are now, `state` as `runs --json` gives it, and
    `waiting`: null, or what it waits for, since and until when (or null), and all of it as a text; moments are Unix
    seconds here (documents/moments.py);
    `metric`: null, or the last value of the metric that is shown (watch/latest_metric.py);
    `phases` with their times, as the live view shows them, and `usual_seconds`, how long they took the last time.
    Where all nodes are gone, and nobody is left to say so, this is noted in the run's store, as its end."""
    found = with_outcome(found)
    state = asdict(found.status)
    if found.record is None:
        return {**without_record(found), "state": state}
    record = found.record
    if record.result is None and found.outcome is not None and not is_alive(record.client):
        record = replace(record, phase=RunPhase.ENDED, **result_of(record, found))  # what the nodes have written since
    saved = saved_document(record) if found.store is None else None
    document = {**saved, **tune_part(found.folder)} if isinstance(saved, dict) else document_of(record, found)
    odd = (*found.odd, *((saved,) if isinstance(saved, Unreadable) else ()))
    unreadable = dict.fromkeys((*map(str, odd), *document.get("unreadable", ())))
    more = {
        "unreadable": list(unreadable),
        "state": state,
        "waiting": _waiting(found, document),
        "metric": _metric(found, record),
        "phases": [asdict(phase) for phase in phase_times(record, read_events(found.folder.audit.path))],
        "usual_seconds": usual_seconds(
            state_folder(), *(record.name, record.target, record.rehearse), on_held=bool(record.on)
        ),
    }
    return {**document, "usd": round(found.status.usd, 4), **more}


def without_record(found: FoundRun) -> dict[str, Any]:
    """What is known of a run whose record cannot be read."""
    odd = [str(each) for each in found.odd]
    return {"run": found.run, "phase": RunState.UNKNOWN, "result": None, "results": None, "unreadable": odd}


def _waiting(found: FoundRun, document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a run whose nodes are at it, by what its document says of the tasks."""
    store, plan = found.store, plan_of(found.folder)
    if store is None or plan is None or not found.status.groups:
        return None
    timeouts = found.ports.cloud.timeouts
    waits: Waiting | None = None
    if found.outcome is not None and not is_collected(store) and _may_have_nodes(found):
        waits = waiting_for_outputs(found.outcome, readable(store, keys.COLLECTING, CollectingMark, LARGE), timeouts)
    elif found.outcome is None and found.status.state == RunState.TRAINING:
        statuses = {task["task"]: from_json(TaskStatus, task) for task in document.get("tasks", [])}
        waits = waiting_for_tasks(plan, statuses)
        if not statuses:
            waits = waiting_for_nodes(plan, len(store.list(keys.NODES)), timeouts, None)
    if waits is None:
        return None
    return {"for": waits.what, "since": waits.since, "until": waits.until, "text": str(waits)}


def _metric(found: FoundRun, record: RunRecord) -> dict[str, Any] | None:
    plan = plan_of(found.folder)
    primary = plan.metrics.primary if plan is not None and plan.metrics else None
    if found.store is None:
        point = latest_at_home(Path(record.results), record.leader, primary)
    else:
        try:
            point = latest_in_store(found.store, record.leader, primary)
        except store_errors():
            return None
    return None if point is None else latest_document(point)


def _may_have_nodes(found: FoundRun) -> bool:
    try:
        return has_nodes(found)
    except ProvisioningError:  # ARM does not say
        return True


def document_of(record: RunRecord, found: FoundRun) -> dict[str, Any]:
    """run.json of a run, by `record`."""
    document = collect.run_document(record, plan_of(found.folder), found.store, right_now())
    return {**document, **tune_part(found.folder)}


def with_outcome(found: FoundRun) -> FoundRun:
    """The run with an outcome, where its nodes died before they could write one and no client will."""
    record = found.record
    if record is None or is_alive(record.client) or found.outcome or found.ended_unreadably:
        return found
    if record.phase == RunPhase.PROVISIONING and record.result is None and not found.borrowed:
        return replace(found, record=replace(record, **ORPHANED))
    if found.store is None or has_nodes(found):
        return found
    outcome = Outcome(Result.FAILED, "all nodes are gone before the training ended", ended=right_now())
    with suppress(*store_errors()):  # a caller that may only read sees it all the same
        found.store.put_if_absent(keys.OUTCOME, encode(outcome))
    written = how_it_ended(found.store, right_now())
    return replace(found, outcome=written if isinstance(written, Outcome) else outcome)


def result_of(record: RunRecord, found: FoundRun) -> dict[str, Any]:
    """What the outcome says, for the record of a run whose client did not live to write it."""
    outcome = found.outcome
    if outcome is None:
        if found.ended_unreadably:
            return {"message": f"{UNKNOWN_END}: {found.ended_unreadably}"}
        return ORPHANED if record.phase == RunPhase.PROVISIONING else {}
    return {
        "result": outcome.run_result,
        "message": outcome.in_full(),
        "hint": outcome.hint,
        "exit_code": outcome.exit_code,
        "failed_task": outcome.task,
        "exit_status": outcome.exit_status,
        "times": {**record.times, "ended": outcome.ended},
    }
