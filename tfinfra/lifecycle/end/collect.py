"""A run as a document, what ran where with its exit statuses and times; and that document and the audit log beside the
outputs."""

from __future__ import annotations

import errno
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfinfra.documents.heading import headed
from tfinfra.documents.moments import dated
from tfinfra.evidence import names
from tfinfra.lifecycle.record.evidence_state import OWN_TO_RECORD
from tfinfra.lifecycle.record.in_store.store_view import StoreView, read_view
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord, write_json
from tfinfra.lifecycle.record.times.phase_times import phase_word
from tfinfra.lifecycle.reporting.write import write_page
from tfinfra.model import Plan, TaskStatus, to_json
from tfinfra.store import ObjectStore
from tfinfra.version import __version__


def run_document(record: RunRecord, plan: Plan | None, store: ObjectStore | None, now: float) -> dict[str, Any]:
    """The run as `--json` and ./runs/<run>/run.json give it at `now`, but for the form of moments: here they are Unix
    seconds (documents/moments.py). Durations are seconds.

    run, name, cloud, machines, rehearse; attempts (where nodes were asked for, and why a place refused); result (null
    while it goes on), message, hint (the way out, or null), exit_code, phase; task and exit_status of what failed
    first; tasks and nodes as they were last seen; unreadable (what of the store's records is none, with the reason);
    environment (the lock's key and versions); times; results; not_collected (null, or the outputs that did not come
    home: files, bytes, the first names, why, and where they still lie); left_files (what tasks wrote elsewhere than
    into the outputs, now in left/<task>/: places with names, the script's line, what to write there); deadline and the
    key of limits that made it; usd_per_hour, usd (list price so far) and max_cost_usd; ledger (what was billed, from
    when to when); on (null, or the run whose nodes it was on, and whose ledger has its hours); uses (the times in which
    its nodes were another run's); left; evidence (null, or what became of it).
    """
    view = read_view(store) if store else StoreView()
    return {
        "tfinfra": __version__,
        "run": record.run,
        "name": record.name,
        "cloud": record.target.cloud if not record.rehearse else "local",
        "machines": record.machines,
        "rehearse": record.rehearse,
        "attempts": [to_json(attempt) for attempt in record.attempts],
        "phase": phase_word(record.phase),
        "result": record.result,
        "message": record.message,
        "hint": record.hint,
        "exit_code": record.exit_code,
        "task": record.failed_task,
        "exit_status": record.exit_status,
        "tasks": [to_json(final(status, record)) for status in view.tasks],
        "nodes": [to_json(node) for node in view.nodes],
        "unreadable": [str(each) for each in view.unreadable],
        "environment": _environment(record, plan),
        "times": record.times,
        "deadline": record.deadline,
        "results": record.results,
        "not_collected": to_json(record.not_collected) if record.not_collected else None,
        "left_files": [to_json(left) for left in view.left],
        "limit": record.limit,
        "usd_per_hour": record.usd_per_hour,
        "usd": round(record.ledger.usd(now), 4),
        "max_cost_usd": record.max_cost_usd,
        "ledger": to_json(record.ledger.intervals),
        "on": record.on,
        "uses": to_json(record.ledger.uses),
        "left": list(record.left),
        "evidence": evidence_of(record),
    }


def evidence_of(record: RunRecord) -> dict[str, Any] | None:
    """What became of the run's evidence, None before there is any: folder, signature, key, why, copies, and all of it
    as a text."""
    if record.evidence is None:
        return None
    told = {name: value for name, value in to_json(record.evidence).items() if name not in OWN_TO_RECORD}
    return {"folder": str(Path(record.results) / names.FOLDER), **told, "text": str(record.evidence)}


def final(status: TaskStatus, record: RunRecord) -> TaskStatus:
    """A task that was last seen running in a run that has ended was lost with its node, which could not say so. One
    that was cut off was ended for another task, unless it is the one that failed."""
    if status.cut_off and record.failed_task is not None:
        failed = record.failed_task == status.task
        return replace(status, state="failed") if failed else replace(status, message=f"ended for {record.failed_task}")
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
    """run.json, events.jsonl and the run's page beside the outputs. Raises OSError, but for the page's sake."""
    write_documents(folder, document, results)
    write_page(folder, document, results)


def write_documents(folder: RunFolder, document: dict[str, Any], results: Path) -> None:
    """run.json and events.jsonl beside the outputs. Raises OSError, also where somebody made the folder a link."""
    if results.is_symlink():
        raise OSError(errno.ELOOP, "it is a link, and nothing is written through it")
    results.mkdir(parents=True, exist_ok=True)
    write_json(results / "run.json", headed("run", dated("run", to_json(document))))
    events = folder.audit.path
    if events.exists():
        shutil.copyfile(events, results / "events.jsonl")
