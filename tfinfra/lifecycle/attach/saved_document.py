"""run.json beside a run's outputs: what the last fetch knew. The run's record may be newer, and outranks it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfinfra.errors import Result
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord
from tfinfra.model import to_json
from tfinfra.store import Unreadable, read_file

FILE = "run.json"
_OPEN = ("pending", "running")


def saved_document(record: RunRecord) -> dict[str, Any] | Unreadable | None:
    """What lies beside the run's outputs as the record has it now; None where nothing does."""
    path = Path(record.results) / FILE
    found = read_file(path, dict[str, Any])
    if isinstance(found, dict) and found.get("run", record.run) != record.run:
        return Unreadable(str(path), "it is not this run's")
    return outranked(found, record) if isinstance(found, dict) else found


def outranked(saved: Mapping[str, Any], record: RunRecord) -> dict[str, Any]:
    """`saved` with how the run stands by its record."""
    tasks = saved.get("tasks")
    how: dict[str, Any] = {
        "message": record.message,
        "hint": record.hint,
        "exit_code": record.exit_code,
        "task": record.failed_task,
        "exit_status": record.exit_status,
    }
    if saved.get("result") == record.result:  # the same end, of which the record may say less
        how = {name: saved.get(name) if value in (None, "") else value for name, value in how.items()}
    return {
        **saved,
        **how,
        "run": record.run,
        "attempts": to_json(record.attempts),
        "phase": record.phase,
        "result": record.result,
        "tasks": [_ended(task, record) for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else [],
        "times": record.times,
        "deadline": record.deadline,
        "results": record.results,
        "not_collected": to_json(record.not_collected) if record.not_collected else None,
        "ledger": to_json(record.ledger.intervals),
        "left": list(record.left),
        "evidence": collect.evidence_of(record),
    }


def _ended(task: Mapping[str, Any], record: RunRecord) -> dict[str, Any]:
    """A task of a run that is over: one that was last seen running was ended with the run, or it is not known how."""
    if task.get("state") not in _OPEN or (record.result is None and record.phase != RunPhase.DELETED):
        return dict(task)
    if record.result in (Result.CANCELLED, Result.LIMIT):
        return {**task, "state": "stopped", "message": task.get("message") or "the run was ended"}
    return {**task, "state": "lost", "message": task.get("message") or "its node was lost"}


def rewrite(folder: RunFolder) -> None:
    """Brings what an earlier fetch left beside the outputs up to date with the record."""
    record = folder.read()
    document = saved_document(record) if record else None
    if record is None or not isinstance(document, dict):
        return
    try:
        collect.write_results(folder, document, Path(record.results))
    except OSError as error:
        folder.complain(f"{record.results} cannot be written: {error.strerror or error}")
