"""Logic workflows: when one is due, and what a run of it does. The only ones are timers (timer_definition.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, ResourceProvider
from tfinfra.localcloud.arm.workflows.timer_definition import accepted_timer, stored_trigger
from tfinfra.localcloud.arm.workflows.timer_model import EXPIRES_TAG, Deletion, GroupCall, Timer
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.system.clock import unix_time

WORKFLOWS = "Microsoft.Logic/workflows"
_GONE = (403, 404)
"""What ARM says of a group that is gone: the identity's right to it goes with it."""


class Workflows(ResourceProvider):
    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        accepted_timer(resource, context.arm_port)
        kept = before.internal if before else {}
        made = resource.with_internal(begun=context.now(), **{k: kept[k] for k in ("last", "runs") if k in kept})
        return made.with_properties(state=resource.properties.get("state", "Enabled"), version="1")


@dataclass(frozen=True)
class CallAnswer:
    """What ARM answered to a workflow's call."""

    status: int
    body: Any


Send = Callable[[GroupCall], Awaitable[CallAnswer]]


def ask_for_run(context: CloudContext, workflow: ArmResource, trigger: str) -> None:
    """Makes the workflow run at the next tick, whatever its recurrence
    (learn.microsoft.com/rest/api/logic/workflow-triggers/run). Raises ArmRefusal in the words of
    microsoft/coe-starter-kit#8684 and of Power Automate's own documentation."""
    name = workflow.name
    if trigger.lower() != stored_trigger(workflow).name.lower():
        message = f"The workflow '{name}' trigger '{trigger}' could not be found."
        raise ArmRefusal(404, "WorkflowTriggerNotFound", message)
    if str(workflow.properties.get("state")) != "Enabled":
        message = (
            f"Could not execute workflow '{name}' trigger '{trigger}' with state 'Disabled': trigger is not enabled."
        )
        raise ArmRefusal(400, "WorkflowTriggerIsNotEnabled", message)
    context.state.put(workflow.with_internal(asked=True))


def is_due(workflow: ArmResource, now: float) -> bool:
    """Whether somebody asked for a run, or the recurrence has come since the last one. The first run comes at once; one
    that fails is tried again at the next recurrence, no earlier. Raises ArmRefusal (400) where the recurrence cannot be
    read."""
    if str(workflow.properties.get("state")) != "Enabled":
        return False
    last = workflow.internal.get("last")
    return bool(workflow.internal.get("asked")) or last is None or now >= last + stored_trigger(workflow).interval


async def run(timer: Timer, now: float, send: Send) -> tuple[str, dict[str, str]]:
    """Runs a timer once, as Logic Apps would: (the run's status, {action: Succeeded, Failed or Skipped}). An action
    behind a condition that does not hold is not among them.

    A failure that a later action accepts is none of the run's; a branch that ends Skipped ended as what came before it
    (learn.microsoft.com/azure/logic-apps/error-exception-handling). An answer that is no group, which ARM never gives,
    fails the run as well: it has shown nothing of the group.
    """
    results: dict[str, str] = {}
    answers = {group.look.action: await send(group.look) for group in timer.groups}
    for action, answer in answers.items():
        results[action] = "Succeeded" if answer.status < 400 else "Failed"
    gone = {group.look.action: answers[group.look.action].status in _GONE for group in timer.groups}
    others_are_gone = all(gone[group.look.action] for group in timer.groups if not group.look.is_of_keep)

    async def end(deletion: Deletion, look: GroupCall) -> None:
        results[deletion.action] = "Succeeded"
        may_go = others_are_gone if look.is_of_keep else not gone[look.action]
        if may_go and all(now > time for time in deletion.times):
            answer = await send(deletion.call)
            results[deletion.action] = results[deletion.call.action] = "Succeeded" if answer.status < 400 else "Failed"

    is_readable = True
    for group in timer.groups:
        if results[group.look.action] != "Succeeded":
            results[group.timely.action] = "Skipped"
            continue
        body = answers[group.look.action].body
        tags = (body.get("tags") or {}) if isinstance(body, dict) else None
        if not isinstance(tags, dict):
            results[group.timely.action], is_readable = "Failed", False
            continue
        tag = tags.get(EXPIRES_TAG)
        try:
            expired = tag is not None and now > unix_time(str(tag))
        except ValueError:
            results[group.timely.action] = "Failed"
            continue
        results[group.timely.action] = "Succeeded"
        if expired:
            await end(group.timely, group.look)
    for group in timer.groups:
        if group.look.is_of_keep and results[group.look.action] != "Succeeded":
            results[group.latest.action] = "Skipped"
        else:
            await end(group.latest, group.look)
    succeeded = is_readable and all(results[group.latest.action] == "Succeeded" for group in timer.groups)
    return "Succeeded" if succeeded else "Failed", results
