"""run.json beside a run's outputs: what the last fetch knew. The run's record may be newer, and outranks it. The folder
is the user's, and may be a shared one or a repository's: what is there is taken for what it is only where all of it has
its form, and is this run's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfinfra.errors import Result
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord
from tfinfra.lifecycle.trials.tune_at_home import tune_part
from tfinfra.model import LeftFiles, NodeRegistration, TaskStatus, Unfit, from_json, to_json
from tfinfra.model.shapes import Count, Line, Name, is_time
from tfinfra.store import Unreadable, read_file
from tfinfra.system.clock import right_now, unix_time

FILE = "run.json"
_OPEN = ("pending", "running")
_MOMENTS = ("started", "ended")


@dataclass(frozen=True)
class Environment:
    """The training environment, as the plan had it; None where the plan was lost."""

    lock: Line | None = None
    framework_version: Line | None = None
    python_version: Line | None = None
    pip: tuple[str, ...] | None = None
    horovod: bool | None = None
    gpu: bool | None = None


@dataclass(frozen=True)
class SavedRun:
    """What the file says; of what it says besides the record knows more."""

    document: Line = "run"
    tfinfra: Line | None = None
    run: Line | None = None
    result: Result | None = None
    message: str | None = None
    hint: str | None = None
    exit_code: Count | None = None
    task: Name | None = None
    exit_status: Count | None = None
    tasks: tuple[TaskStatus, ...] = ()
    nodes: tuple[NodeRegistration, ...] = ()
    unreadable: tuple[str, ...] = ()
    environment: Environment = Environment()
    left_files: tuple[LeftFiles, ...] = ()


def saved_document(record: RunRecord) -> dict[str, Any] | Unreadable | None:
    """What lies beside the run's outputs as the record has it now; None where nothing does."""
    path = Path(record.results) / FILE
    said = read_file(path, dict[str, Any])
    if not isinstance(said, dict):
        return said
    try:
        found = from_json(SavedRun, {**said, "tasks": _undated(said.get("tasks", []))})
    except Unfit as error:
        return Unreadable(str(path), str(error))
    known = {*record.plan_tasks, None}
    told = {found.task, *(task.task for task in found.tasks), *(left.task for left in found.left_files)}
    if found.document != "run" or found.run not in (None, record.run) or not told <= known:
        return Unreadable(str(path), "it is not this run's")
    return outranked(found, record)


def _undated(tasks: Any) -> Any:
    """Tasks with their moments in Unix seconds, which the file has as text. What is none stays, to be refused."""
    if not isinstance(tasks, list):
        return tasks
    return [
        {key: _seconds(value) if key in _MOMENTS else value for key, value in task.items()}
        if isinstance(task, dict)
        else task
        for task in tasks
    ]


def _seconds(value: Any) -> Any:
    return unix_time(value) if isinstance(value, str) and is_time(value) else value


def outranked(saved: SavedRun, record: RunRecord) -> dict[str, Any]:
    """`saved` with how the run stands by its record."""
    how: dict[str, Any] = {
        "message": record.message,
        "hint": record.hint,
        "exit_code": record.exit_code,
        "task": record.failed_task,
        "exit_status": record.exit_status,
    }
    if saved.result == record.result:  # the same end, of which the record may say less
        how = {name: getattr(saved, name) if value in (None, "") else value for name, value in how.items()}
    environment = {name: value for name, value in to_json(saved.environment).items() if value is not None}
    return {
        **collect.run_document(record, None, None, right_now()),
        **how,
        **({"tfinfra": saved.tfinfra} if saved.tfinfra else {}),
        "message": how["message"] or "",
        "tasks": [to_json(_ended(task, record)) for task in saved.tasks],
        "nodes": [to_json(node) for node in saved.nodes],
        "unreadable": list(saved.unreadable),
        "environment": {"lock": record.environment, **environment},
        "left_files": [to_json(left) for left in saved.left_files],
    }


def _ended(task: TaskStatus, record: RunRecord) -> TaskStatus:
    """A task of a run that is over: one that was last seen running was ended with the run, or it is not known how."""
    if task.state not in _OPEN or (record.result is None and record.phase != RunPhase.DELETED):
        return task
    if record.result in (Result.CANCELLED, Result.LIMIT):
        return replace(task, state="stopped", message=task.message or "the run was ended")
    return replace(task, state="lost", message=task.message or "its node was lost")


def rewrite(folder: RunFolder) -> None:
    """Brings what an earlier fetch left beside the outputs up to date with the record."""
    record = folder.read()
    document = saved_document(record) if record else None
    if record is None or not isinstance(document, dict):
        return
    try:
        collect.write_results(folder, {**document, **tune_part(folder)}, Path(record.results))
    except OSError as error:
        folder.complain(f"{record.results} cannot be written: {error.strerror or error}")
