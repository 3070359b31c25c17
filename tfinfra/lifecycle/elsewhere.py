"""A run that this machine has no record of: what its client left of itself in the run's store, and the folder that
stands in for a record here, in memory alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfinfra import layout
from tfinfra.audit.log import AuditLog
from tfinfra.clock import iso_time
from tfinfra.lifecycle.record import RunFolder, RunRecord
from tfinfra.model import Plan, from_json, to_json
from tfinfra.store import ObjectStore

OWN = ("results", "client", "left", "stacks_left")
"""The fields of a record that are the client's machine's alone."""
BEAT_COUNTS = 30.0
"""Seconds after which a client that has not beaten is taken for dead: it beats every two."""


def publish(store: ObjectStore, record: RunRecord, plan: Plan) -> None:
    """Leaves in the store what another machine needs to tell the run's tasks, names, limits and deadline."""
    public = {name: value for name, value in to_json(record).items() if name not in OWN}
    store.put(layout.RECORD, json.dumps({**public, "results": ""}).encode())
    store.put(layout.PLAN, json.dumps(to_json(plan)).encode())


def borrowed(store: ObjectStore, url: str, folder: Path, results: Path) -> BorrowedFolder:
    """The folder of a run that only its store, at `url`, tells of; its record is None where the store has none that
    this version can read. `results` is where outputs go on this machine.

    The nodes may write to the store, and a training script with them: what decides what is read or deleted here comes
    from ARM, not from there.
    """
    found = BorrowedFolder(folder, _read(store, layout.PLAN, Plan))
    record = _read(store, layout.RECORD, RunRecord)
    if record is not None:
        shared = record.shared if url.startswith("file:") else None
        found.write(replace(record, run=folder.name, store=url, shared=shared, results=str(results)))
    return found


def _read(store: ObjectStore, key: str, kind: Any) -> Any:
    data = store.get(key)
    try:
        return from_json(kind, json.loads(data)) if data else None
    except (ValueError, KeyError, TypeError):
        return None


def driven_elsewhere(record: RunRecord, store: ObjectStore, now: float) -> bool:
    """Whether a client on another machine still drives the run, as far as its beats in the store tell."""
    if record.detached:
        return False
    try:
        beat = float(json.loads(store.get(layout.WATCH) or b"{}").get("time", 0.0))
    except (ValueError, TypeError, AttributeError):
        return False
    return now - beat < BEAT_COUNTS


class BorrowedFolder(RunFolder):
    """A RunFolder that touches no disk: changes of the record live as long as this process."""

    def __init__(self, path: Path, plan: Plan | None = None) -> None:
        super().__init__(path)
        self._plan = plan
        self._record: RunRecord | None = None

    def _audit_log(self) -> AuditLog:
        return _NoLog(self.path / "events.jsonl", iso_time, self.complain)

    def write(self, record: RunRecord) -> None:
        self._record = record

    def read(self) -> RunRecord | None:
        return self._record

    def update(self, **changes: Any) -> RunRecord:
        self._record = changed = self._changed(changes)
        return changed

    def plan(self) -> Plan:
        """Raises FileNotFoundError where the run's store holds no plan."""
        if self._plan is None:
            raise FileNotFoundError(layout.PLAN)
        return self._plan

    def forget_stacks(self) -> None:
        """There is nothing of it here."""


class _NoLog(AuditLog):
    def append(self, event: str, **fields: Any) -> None:
        """The run's log is on the machine that made it."""
        del event, fields
