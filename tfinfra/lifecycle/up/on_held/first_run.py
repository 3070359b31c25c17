"""The run whose nodes are held: what of it a further run has to fit to, and whether its nodes can take one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfinfra.errors import UsageError
from tfinfra.evidence.material import Origin
from tfinfra.lifecycle.attach.find_run import find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.evidence.origin import read_origin
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.names import choice_of
from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord
from tfinfra.lifecycle.record.run_status import NODES_STAY
from tfinfra.model import Infrastructure, Plan, from_json
from tfinfra.store import ObjectStore
from tfinfra.system.clock import right_now, unix_time
from tfinfra.system.progress import Progress
from tfinfra.text.wording import spell_seconds

if TYPE_CHECKING:
    from tfinfra.environment.lock_file import Lock

_LEAST = 60.0
"""Seconds before the deadline in which no run is begun any more: its outputs would not come home."""


@dataclass(frozen=True)
class FirstRun:
    """`lock` is that of the training environment that its nodes have."""

    found: FoundRun
    store: ObjectStore
    record: RunRecord
    plan: Plan
    origin: Origin
    lock: Lock

    @property
    def folder(self) -> RunFolder:
        return self.found.folder

    @property
    def place(self) -> Infrastructure:
        """What its nodes are."""
        return self.plan.choices[choice_of(self.record.compute_group, self.record.run)]


def first_run(name: str, tell: Progress) -> FirstRun:
    """The run of this id or name, or the one whose nodes that was on. Raises UsageError where it has no nodes that
    could take another run now."""
    from tfinfra.environment.lock_file import Lock

    found = find_run(name, tell=tell, nodes=True)
    on = found.folder.read()
    if on is not None and on.on:
        found = find_run(on.on, tell=tell)
    record = found.folder.read()
    if record is None or found.borrowed:
        hint = "its nodes believe only the machine that began it"
        raise UsageError(f"{found.run} was not begun on this machine", hint=hint)
    store = _ready_store(found, record)
    origin = read_origin(found.folder, None)
    if isinstance(origin, str):
        raise UsageError(f"{found.run} takes no further run: {origin}")
    return FirstRun(found, store, record, found.folder.plan(), origin, from_json(Lock, origin.environment))


def _ready_store(found: FoundRun, record: RunRecord) -> ObjectStore:
    """The run's store. Raises UsageError where the run trains still, or its nodes do not stay."""
    run = found.run
    if not found.present_compute_groups:
        raise UsageError(f"{run} has no nodes any more", hint=NODES_STAY)
    if found.outcome is None or found.store is None or not is_collected(found.store):
        raise UsageError(f"{run} has not ended: its nodes train or collect", hint=f"`tfinfra wait {run}` waits for it")
    holding = record.phase == RunPhase.HELD and is_alive(record.client)
    if not (found.held or holding):
        raise UsageError(f"the nodes of {run} do not stay", hint=NODES_STAY)
    if found.outcome.differs:
        raise UsageError(f"the nodes of {run} are not what its lock says: {found.outcome.message}")
    left = unix_time(record.deadline) - right_now()
    if left < _LEAST:
        raise UsageError(f"the nodes of {run} are held for {spell_seconds(max(0.0, left))} only", hint=NODES_STAY)
    return found.store
