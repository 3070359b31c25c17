"""A run that this machine has no record of: what its client left of itself in the run's store, and the folder that
stands in for a record here, in memory alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.audit.log import AuditLog
from tfinfra.azure.deletion.group_names import name_of_run, part_of_group, run_of_group
from tfinfra.lifecycle.record.run_record import Attempt, RunFolder, RunPhase, RunRecord
from tfinfra.model import Beat, Plan, Target, to_json
from tfinfra.store import LARGE, ObjectStore, Unreadable, encode, keys, read, readable
from tfinfra.system.clock import iso_time, right_now

OWN = ("results", "manifest", "client", "left", "stacks_left")
"""The fields of a record that are the client's machine's alone."""
BEFORE_THE_END = (RunPhase.PROVISIONING, RunPhase.RUNNING, RunPhase.HELD)
BEAT_COUNTS = 30.0
"""Seconds after which a client that has not beaten is taken for dead: it beats every two."""


def publish(store: ObjectStore, record: RunRecord, plan: Plan) -> None:
    """Leaves in the store what another machine needs to know: the run's tasks, names, limits and deadline."""
    public = {name: value for name, value in to_json(record).items() if name not in OWN}
    store.put(keys.RECORD, encode({**public, "results": ""}))
    store.put(keys.PLAN, encode(plan))


def borrowed(found: FoundGroups, store: ObjectStore, url: str, folder: Path, results: Path) -> BorrowedFolder:
    """The folder of a run that only its store, at `url`, knows; its record is None where the store has none that
    this version can read. `results` is where outputs go on this machine.

    The nodes may write to the store, and a training script with them. So what is read, kept or deleted here comes from
    ARM (`found`), what is signalled from this machine's own records alone, and the store's record is only shown.
    """
    plan, record = read(store, keys.PLAN, Plan, LARGE), read(store, keys.RECORD, RunRecord, LARGE)
    odd = tuple(each for each in (record, plan) if isinstance(each, Unreadable))
    kept = BorrowedFolder(folder, plan if isinstance(plan, Plan) else None, odd)
    if isinstance(record, RunRecord):
        kept.write(_believed(record, found, url, results))
    return kept


@dataclass(frozen=True)
class FoundGroups:
    """What ARM says of a run: its groups' names, whose they are, until when they stay (ISO 8601, "" where a tag does
    not say), and the cloud's name."""

    run: str
    names: tuple[str, ...]
    owner: str
    compute_until: str
    keep_until: str
    cloud: str


def _believed(record: RunRecord, found: FoundGroups, url: str, results: Path) -> RunRecord:
    """The store's record as far as it may be believed: words, numbers and names to be shown."""
    compute = (name for name in found.names if part_of_group(name) == "compute")
    ours = run_of_group(record.compute_group) == found.run and part_of_group(record.compute_group) == "compute"
    return RunRecord(
        run=found.run,
        name=name_of_run(found.run),
        target=Target(
            record.target.name, found.cloud, record.target.location, record.target.vm_size, record.target.os_disk_gb
        ),
        rehearse=record.rehearse,
        owner=found.owner,
        keep_group=f"tfinfra-{found.run}-keep",
        compute_group=record.compute_group if ours else f"tfinfra-{found.run}-compute",
        deadline=found.compute_until or record.deadline,
        keep_until=found.keep_until or record.keep_until,
        results=str(results),
        leader=record.leader,
        plan_tasks=record.plan_tasks,
        usd_per_hour=record.usd_per_hour,
        max_cost_usd=record.max_cost_usd,
        limit=record.limit,
        run_seconds=record.run_seconds,
        ledger=record.ledger,
        attempts=tuple(Attempt(name, record.target.location, record.target.vm_size) for name in compute),
        machines=record.machines,
        store=url,
        environment=record.environment,
        backend=record.backend,
        phase=record.phase if record.phase in BEFORE_THE_END else RunPhase.RUNNING,
        detached=record.detached,
        times={name: moment for name, moment in record.times.items() if name != "ended" and moment <= right_now()},
    )


def driven_elsewhere(record: RunRecord, store: ObjectStore, now: float) -> bool:
    """Whether a client on another machine still drives the run, as far as its beats in the store say. A beat from the
    future does not count: it would keep a run that is dead."""
    beat = None if record.detached else readable(store, keys.WATCH, Beat)
    return beat is not None and abs(now - beat.time) < BEAT_COUNTS


class BorrowedFolder(RunFolder):
    """A RunFolder that touches no disk: changes of the record live as long as this process. `odd` is what of the run's
    store could not be read."""

    def __init__(self, path: Path, plan: Plan | None = None, odd: tuple[Unreadable, ...] = ()) -> None:
        super().__init__(path)
        self.odd = odd
        self._plan = plan
        self._record: RunRecord | None = None

    def _audit_log(self) -> AuditLog:
        return _NoLog(self.path / "events.jsonl", iso_time, self.complain)

    def write(self, record: RunRecord) -> None:
        self._record = record

    def read(self) -> RunRecord | None:
        return self._record

    def change(self, changed: Callable[[RunRecord], RunRecord]) -> RunRecord:
        self._record = changed(self._there())
        return self._record

    def plan(self) -> Plan:
        """Raises FileNotFoundError where the run's store holds no plan."""
        if self._plan is None:
            raise FileNotFoundError(keys.PLAN)
        return self._plan

    def forget_stacks(self) -> None:
        """There is nothing of it here."""


class _NoLog(AuditLog):
    def append(self, event: str, **fields: Any) -> None:
        """The run's log is on the machine that made it."""
        del event, fields
