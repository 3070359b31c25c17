"""What a node records of itself for the run's evidence: before its first task, and once its tasks have ended. Under a
lock it also holds itself against that, waits for the other nodes' records, and starts no task where a check has failed
on any of them."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.evidence.bundle_check import agent_files, check_bundle
from tfinfra.agent.evidence.environment_look import Look, look_at, recorded
from tfinfra.agent.evidence.environment_stamps import Stamps, stamps_of
from tfinfra.agent.evidence.machine_facts import machine_of
from tfinfra.agent.evidence.node_checks import (
    check_image,
    check_own_variables,
    check_preload,
    merged,
    side_by_side,
)
from tfinfra.agent.evidence.proofs import named
from tfinfra.agent.evidence.variable_digests import common_digests, whole_digest
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_identity import Key
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node_errors import NodeDiffers, NodeFault
from tfinfra.agent.tasks.task_command import argv_of
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.agent.verdict.meanwhile import Meanwhile, await_
from tfinfra.errors import first_line
from tfinfra.model import (
    AFTER,
    BEFORE,
    Attestation,
    Locked,
    NodeCheck,
    NodeEvidence,
    TaskEvidence,
    TaskStatus,
    from_json,
)
from tfinfra.sealing import nonce_of
from tfinfra.store import encode, keys, store_errors

_PATIENCE = 10.0  # seconds for a document without which the run goes on
_log = logging.getLogger(__name__)


class Witness:
    """Call `begin` before the first task, `note` for each status, `end` once no task runs. `lock` is the training
    environment's as the bundle has it, as JSON; `stamps` are the environment's when it was held against a lock, where
    trials follow."""

    def __init__(self, context: AgentContext, assignment: Assignment, key: Key, lock: Mapping[str, Any]) -> None:
        self._context = context
        self._assignment = assignment
        self.key = key
        self.lock = lock
        self.stamps: Stamps | None = None
        self._record: NodeEvidence | None = None
        self._statuses: dict[str, TaskStatus] = {}

    @property
    def record(self) -> NodeEvidence | None:
        """What was recorded last, None where nothing was."""
        return self._record

    def begin(self) -> None:
        """Records what is before the first task. Without a lock nothing that fails here keeps the training from its
        start. Raises NodeDiffers where a node is not what the lock says, else NodeFault, RunEnded or RunStopped."""
        locked = self._context.settings.locked
        if locked is not None:
            self._begin_locked(locked)
            return
        try:
            self._write(self._look(look_at(self._assignment.folders.environment, whole=False)))
        except Exception:  # noqa: BLE001  evidence that is missing is seen; a run that never began helps nobody
            _log.exception("could not record what this node is")

    def note(self, status: TaskStatus) -> None:
        self._statuses[status.task] = status

    def end(self) -> None:
        """Adds how the tasks ended, and a second attested document. What fails here is logged."""
        if self._record is None:
            return
        try:
            attested = (*self._record.attested, *self._attested_at_the_end())
            tasks = tuple(_ended(task, self._statuses.get(task.task)) for task in self._record.tasks)
            self._write(replace(self._record, tasks=tasks, attested=attested, ended=self._context.clock.time()))
        except Exception:  # noqa: BLE001  as above
            _log.exception("could not record how the tasks of this node ended")

    def _attested_at_the_end(self) -> tuple[Attestation, ...]:
        return (self._attest(AFTER),)

    def _begin_locked(self, locked: Locked) -> None:
        """All nodes come to the same end: each looks at all records."""
        context = self._context
        context.heartbeats.say("checking")
        try:
            look = look_at(self._assignment.folders.environment, whole=True)
            if context.plan.pool is not None:
                self.stamps = stamps_of(self._assignment.folders.environment)
        except OSError as error:
            raise NodeDiffers(f"{self._name()} has no environment that can be read: {first_line(error)}") from error
        record = replace(self._look(look), locked=locked.digest, checks=self._own_checks(look, locked))
        self._write(record)
        records = self._all_records()
        shared = side_by_side(records)
        self._write(replace(record, checks=merged(record.checks, shared)))
        for check in self._written().checks:
            _log.info("check %s: %s%s", check.name, check.proof, f" ({check.why})" if check.why else "")
        if faults := [*_own_faults(records, shared), *(_fault(check) for check in shared if check.proof == "failed")]:
            raise NodeDiffers(f"no task was started, for the lock says otherwise: {named(faults)}")

    def _look(self, look: Look) -> NodeEvidence:
        context, assignment = self._context, self._assignment
        registration, tasks = assignment.registration, assignment.tasks
        return NodeEvidence(
            run=assignment.run,
            node=assignment.node,
            node_id=registration.node_id,
            hostname=registration.hostname,
            address=registration.address,
            machine=machine_of(context.identity.compute),
            environment=recorded(look, str(self.lock.get("key", "")), context.paths.cache),
            public_key=self.key.public,
            bundle=context.settings.bundle_sha256,
            agent=agent_files(context.paths.first_bundle).digest,
            settings=hashlib.sha256(encode(context.settings)).hexdigest(),
            variables=common_digests(assignment, tasks[0]) if tasks else {},
            taken=context.clock.time(),
            attested=(self._attest(BEFORE, self.key.attested),),
            tasks=evidence_of_tasks(assignment),
        )

    def _own_checks(self, look: Look, locked: Locked) -> tuple[NodeCheck, ...]:
        # what an environment is made of takes a while to load, and most runs have no lock
        from tfinfra.agent.evidence.environment_checks import environment_checks
        from tfinfra.environment.lock_file import Lock

        return (
            check_bundle(self._context),
            *environment_checks(look, from_json(Lock, self.lock), locked),
            check_image(machine_of(self._context.identity.compute), locked.image),
            check_preload(self._assignment),
            check_own_variables(self._assignment),
        )

    def _all_records(self) -> list[NodeEvidence]:
        """Of all nodes, by rank, once each has written its own."""
        context, nodes = self._context, self._assignment.inventory.nodes
        found: dict[int, NodeEvidence] = {}

        def all_there() -> bool:
            for rank, node in enumerate(nodes):
                if rank not in found:
                    record = read(context.store, keys.evidence_key(node.node_id), NodeEvidence)
                    if record is not None and record.node_id == node.node_id and record.locked:
                        found[rank] = record
            return len(found) == len(nodes)

        if not await_(context, all_there, Meanwhile(context), context.settings.timeouts.register):
            missing = ", ".join(node.hostname for rank, node in enumerate(nodes) if rank not in found)
            raise NodeFault(f"{missing} did not tell in time whether it is what the lock says")
        return [found[rank] for rank in sorted(found)]

    def _attest(self, when: str, signature: str | None = None) -> Attestation:
        context, asked = self._context, self._context.clock.time()
        failures: tuple[type[Exception], ...] = (NodeFault, ValueError, *store_errors())
        try:
            given = signature or context.metadata.attested(nonce_of(self.key.public), patience=_PATIENCE)
            document = base64.b64decode(given, validate=True)
            context.store.put(keys.attested_key(context.identity.node_id, when), document)
        except failures as error:
            _log.warning("there is no attested document of this node: %s", first_line(error))
            return Attestation(when, asked, why=first_line(error))
        return Attestation(when, asked, hashlib.sha256(document).hexdigest())

    def _write(self, record: NodeEvidence) -> None:
        self._record = record
        write(self._context.store, keys.evidence_key(record.node_id), record)

    def _written(self) -> NodeEvidence:
        if self._record is None:
            raise ValueError("nothing was recorded yet")
        return self._record

    def _name(self) -> str:
        return f"node {self._assignment.node} ({self._assignment.registration.hostname})"


def evidence_of_tasks(assignment: Assignment) -> tuple[TaskEvidence, ...]:
    """What the tasks of a node are started as."""
    variables = {task.name: task_variables(assignment, task) for task in assignment.tasks}
    return tuple(
        TaskEvidence(task.name, argv_of(assignment, variables[task.name]), whole_digest(assignment, task))
        for task in assignment.tasks
    )


def _own_faults(records: Sequence[NodeEvidence], shared: Sequence[NodeCheck]) -> list[str]:
    """What is wrong with a node alone; a record that was written again has `shared` too."""
    return [
        f"node {record.node} ({record.hostname}): {_fault(check)}"
        for record in records
        for check in record.checks
        if check.proof == "failed" and check not in shared
    ]


def _fault(check: NodeCheck) -> str:
    return f"{check.name}: {check.why}"


def _ended(task: TaskEvidence, status: TaskStatus | None) -> TaskEvidence:
    if status is None:
        return task
    return replace(
        task, attempt=status.attempt, started=status.started, ended=status.ended, exit_status=status.exit_status
    )
