"""The tasks that a node started, against those that the plan has there."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.told import changed, foreign, missing
from tfinfra.model import Plan, TaskEvidence
from tfinfra.model.entry import entry_of


def are_the_plans(evidence: Evidence) -> Iterator[Finding]:
    """Each task ran on its node, started by the agent there, and no other ran."""
    plan = evidence.plan
    if plan is None or plan.pool is not None:  # the nodes of a pool start none but those of trials
        return
    for node in evidence.nodes:
        if node.evidence is None:
            continue
        planned = {task.name for task in plan.tasks if task.node == node.number}
        started = {task.task for task in node.evidence.tasks}
        told = {status.task for status in node.tasks}
        for name in sorted(started - planned):
            yield foreign("TFA414", node.file, name, "is no task that the plan has on this node")
        for name in sorted(told - started):
            yield foreign("TFA414", node.file, name, "has a status, and the agent of this node never started it")
        for name in sorted(planned - started):
            yield missing("TFA414", node.file, name, "is not recorded, and the plan has it on this node")


def run_the_plans_command(evidence: Evidence) -> Iterator[Finding]:
    """The entry script and its arguments, but for what a task alone knows."""
    plan = evidence.plan
    if plan is None:
        return
    for node in evidence.nodes:
        for task in node.evidence.tasks if node.evidence is not None else ():
            if not _is_the_plans(task, plan):
                was, now = " ".join(_command(plan)), " ".join(task.argv[1:])
                sentence = "was started with another command than the plan's"
                yield changed("TFA415", node.file, task.task, sentence, was=was, now=now)


def _command(plan: Plan) -> tuple[str, ...]:
    return (*entry_of(plan.entry_script).words, *plan.arguments)


def _is_the_plans(task: TaskEvidence, plan: Plan) -> bool:
    planned, ran = _command(plan), task.argv[1:]
    same = (one == other or "$" in one for one, other in zip(planned, ran, strict=False))
    return len(planned) == len(ran) and all(same)


CHECKS: tuple[Check, ...] = (are_the_plans, run_the_plans_command)
