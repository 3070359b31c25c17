"""What a node of a pool records of each trial: what it ran with which arguments, and how that ended."""

from __future__ import annotations

import logging
from dataclasses import replace

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.evidence.environment_stamps import check_unchanged
from tfinfra.agent.evidence.node_checks import check_own_variables, check_preload
from tfinfra.agent.evidence.variable_digests import common_digests
from tfinfra.agent.evidence.witness import Witness, evidence_of_tasks
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node_errors import NodeDiffers
from tfinfra.model import Attestation, NodeCheck

_log = logging.getLogger(__name__)


class TrialWitness(Witness):
    """The record of a trial is that of its node as it was before the first one (`node`'s), with the tasks of the trial:
    neither is the environment read again, nor the cloud asked anew to attest the machine. Under a lock each file of the
    environment must look as it did when it was read."""

    def __init__(self, context: AgentContext, assignment: Assignment, node: Witness) -> None:
        super().__init__(context, assignment, node.key, node.lock)
        self._node = node

    def begin(self) -> None:
        """Raises NodeDiffers where the run is locked, and its tasks would run what the lock does not name."""
        if (whole := self._node.record) is None:
            return
        assignment, tasks = self._assignment, self._assignment.tasks
        checks = self._own_checks_anew() if whole.locked else ()
        record = replace(
            whole,
            run=assignment.run,
            node=assignment.node,
            variables=common_digests(assignment, tasks[0]) if tasks else {},
            taken=self._context.clock.time(),
            ended=None,
            attested=(),
            tasks=evidence_of_tasks(assignment),
            checks=checks,
        )
        try:
            self._write(record)
        except Exception:  # noqa: BLE001  as of a node: evidence that is missing is seen
            _log.exception("could not record what this trial runs")
        if wrong := [check for check in checks if check.proof == "failed"]:
            raise NodeDiffers(f"no task was started, for the lock says otherwise: {wrong[0].name}: {wrong[0].why}")

    def _own_checks_anew(self) -> tuple[NodeCheck, ...]:
        assignment, before = self._assignment, self._node.stamps
        own = (check_preload(assignment), check_own_variables(assignment))
        return own if before is None else (check_unchanged(assignment.folders.environment, before), *own)

    def _attested_at_the_end(self) -> tuple[Attestation, ...]:
        return ()
