"""Brings a run home: outputs, logs and checkpoints out of its store into ./runs/<run>/, one log file per task, run.json
(what ran where, exit statuses, times) and the audit log."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from tfinfra import __version__, layout
from tfinfra.lifecycle.record import RunFolder, RunRecord, write_json
from tfinfra.lifecycle.seen import Seen, seen
from tfinfra.model import CollectedMark, Plan, TaskStatus, to_json
from tfinfra.store import LARGE, ObjectStore, log_chunk, readable

KINDS = ("outputs", "logs", "checkpoints")
DOWNLOADS = 8


@dataclass(frozen=True)
class Collected:
    """What came home: how many files of the training script, and where; `warnings` name what did not
    come."""

    folder: Path
    files: int
    warnings: tuple[str, ...] = ()


def collect(store: ObjectStore, folder: Path, tasks: Iterable[str], shared: str | None) -> Collected:
    """Copies everything of the run into `folder`; `shared` is the tasks' common directory, read itself where the nodes
    could not collect it any more and it lies on this machine."""
    (folder / "outputs").mkdir(parents=True, exist_ok=True)
    keys = store.list(layout.OUTPUTS)
    told = readable(store, layout.COLLECTED, CollectedMark, LARGE)
    warnings = told.warnings if told else ()
    if told is None or warnings:
        _salvage(shared, folder)
    left = told.left_behind if told else ()
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        files = list(pool.map(lambda key: _download(store, key, folder), keys))
    _write_logs(store, folder, tuple(tasks))
    return Collected(folder, len(files), (*warnings, *left))


def _download(store: ObjectStore, key: str, folder: Path) -> Path:
    path = folder / local_path(layout.output_path(key))
    path.parent.mkdir(parents=True, exist_ok=True)
    store.get_file(key, path)
    return path


def local_path(name: str) -> PurePosixPath:
    """The relative path of an object's name. Raises ValueError for one that would leave its folder: nodes run the
    user's script, and their names are not trusted."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"the run's store holds an output with the unsafe name {name!r}")
    return path


def _salvage(shared: str | None, folder: Path) -> None:
    """What lies in the shared directory when no node collected it."""
    if shared is None or urlsplit(shared).scheme != "file":
        return
    source = Path(unquote(urlsplit(shared).path))
    for kind in KINDS:
        if (source / kind).is_dir():
            shutil.copytree(source / kind, folder / kind, dirs_exist_ok=True, symlinks=True)


def _write_logs(store: ObjectStore, folder: Path, tasks: tuple[str, ...]) -> None:
    """tasks/<task>.log for every task; what the agents and the launcher wrote goes to nodes/."""
    chunks: dict[str, list[str]] = {}
    for key in store.list(layout.LOGS):
        chunks.setdefault(key.split("/")[1], []).append(key)
    for name, keys in chunks.items():
        kind = "tasks" if name in tasks else "nodes"
        path = folder / kind / f"{local_path(name)}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as log:
            for key in sorted(keys):
                log.write(log_chunk(store, key) or b"")


def run_document(record: RunRecord, plan: Plan | None, store: ObjectStore | None, now: float) -> dict[str, Any]:
    """The run as `--json` and ./runs/<run>/run.json give it at `now`. Times are Unix seconds, durations seconds.

    run, name, cloud, machines, rehearse; attempts (where nodes were asked for, and why a place refused); result (null
    while it goes on), message, hint (the way out, or null), exit_code, phase; task and exit_status of what failed
    first; tasks and nodes as they were last seen; unreadable (what of the store's records is none, with the reason);
    environment (the lock's key and versions); times; results; deadline and the key of limits that made it;
    usd_per_hour, usd (list price so far) and max_cost_usd; ledger (what was billed, from when to when); left.
    """
    there = seen(store) if store else Seen()
    return {
        "schema": 1,
        "tfinfra": __version__,
        "run": record.run,
        "name": record.name,
        "cloud": record.target.cloud if not record.rehearse else "local",
        "machines": record.machines,
        "rehearse": record.rehearse,
        "attempts": [to_json(attempt) for attempt in record.attempts],
        "phase": record.phase,
        "result": record.result,
        "message": record.message,
        "hint": record.hint,
        "exit_code": record.exit_code,
        "task": record.failed_task,
        "exit_status": record.exit_status,
        "tasks": [to_json(final(status, record)) for status in there.tasks],
        "nodes": [to_json(node) for node in there.nodes],
        "unreadable": [str(each) for each in there.unreadable],
        "environment": _environment(record, plan),
        "times": record.times,
        "deadline": record.deadline,
        "results": record.results,
        "limit": record.limit,
        "usd_per_hour": record.usd_per_hour,
        "usd": round(record.ledger.usd(now), 4),
        "max_cost_usd": record.max_cost_usd,
        "ledger": to_json(record.ledger.intervals),
        "left": list(record.left),
    }


def final(status: TaskStatus, record: RunRecord) -> TaskStatus:
    """A task that was last seen running in a run that has ended was lost with its node: nobody was left to say so."""
    if record.result is None or status.state not in ("pending", "running"):
        return status
    return replace(status, state="lost", message=status.message or "its node was lost")


def _environment(record: RunRecord, plan: Plan | None) -> dict[str, Any]:
    if plan is None:
        return {"lock": record.environment}
    wanted = plan.requirements
    return {
        "lock": record.environment,
        "framework_version": wanted.framework_version,
        "python_version": wanted.python_version,
        "pip": list(wanted.pip),
        "horovod": wanted.horovod,
        "gpu": wanted.gpu,
    }


def write_results(folder: RunFolder, document: dict[str, Any], results: Path) -> None:
    """run.json and events.jsonl beside the outputs."""
    results.mkdir(parents=True, exist_ok=True)
    write_json(results / "run.json", document)
    events = folder.audit.path
    if events.exists():
        shutil.copyfile(events, results / "events.jsonl")
