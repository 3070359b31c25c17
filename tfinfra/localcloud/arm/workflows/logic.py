"""Logic workflows as far as a timer needs them: when one is due, and what its definition does then.

A definition is walked as Logic Apps would: actions in the order of runAfter, Http and If, and the handful of
functions that compare times. What a timer does not do is refused when the workflow is made (workflow_rules.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.arm.providers.base import CloudContext, Provider
from tfinfra.localcloud.arm.workflows import expressions, workflow_rules
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource

WORKFLOWS = "Microsoft.Logic/workflows"


class Workflows(Provider):
    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        workflow_rules.check(resource, context.arm_port)
        kept = before.internal if before else {}
        made = resource.with_internal(begun=context.now(), **{k: kept[k] for k in ("last", "runs") if k in kept})
        return made.with_properties(state=resource.properties.get("state", "Enabled"), version="1")


@dataclass(frozen=True)
class Request:
    """An Http action: `identity` is the ARM id of the managed identity that signs it."""

    method: str
    uri: str
    identity: str


@dataclass(frozen=True)
class Reply:
    """What ARM answered."""

    status: int
    body: Any


Send = Callable[[Request], Awaitable[Reply]]


def ask_for_run(context: CloudContext, workflow: ArmResource, trigger: str) -> None:
    """Has the workflow run now, whatever its recurrence (learn.microsoft.com/rest/api/logic/workflow-triggers/run).
    Raises ArmRefusal in the words of microsoft/coe-starter-kit#8684 and of Power Automate's own documentation."""
    name = workflow.name
    if trigger.lower() not in map(str.lower, _triggers(workflow)):
        message = f"The workflow '{name}' trigger '{trigger}' could not be found."
        raise ArmRefusal(404, "WorkflowTriggerNotFound", message)
    if str(workflow.properties.get("state")) != "Enabled":
        message = (
            f"Could not execute workflow '{name}' trigger '{trigger}' with state 'Disabled': trigger is not enabled."
        )
        raise ArmRefusal(400, "WorkflowTriggerIsNotEnabled", message)
    context.state.put(workflow.with_internal(asked=True))


def is_due(workflow: ArmResource, now: float) -> bool:
    """Whether somebody asked for a run, or a recurrence of the workflow's triggers has come since its last one. The
    first comes at once; one that fails is tried again at the next recurrence, no earlier."""
    if str(workflow.properties.get("state")) != "Enabled":
        return False
    last = workflow.internal.get("last")
    return bool(workflow.internal.get("asked")) or any(
        last is None or now >= last + every for every in _recurrences(workflow)
    )


def _recurrences(workflow: ArmResource) -> Iterator[float]:
    for trigger in _triggers(workflow).values():
        recurrence = trigger["recurrence"]
        yield float(workflow_rules.FREQUENCIES[recurrence["frequency"].lower()] * recurrence["interval"])


def _triggers(workflow: ArmResource) -> dict[str, Any]:
    return (workflow.properties.get("definition") or {}).get("triggers") or {}


async def perform(workflow: ArmResource, now: float, send: Send) -> dict[str, str]:
    """Runs the definition once; returns {action: Succeeded, Failed or Skipped}."""
    definition = workflow.properties.get("definition") or {}
    scope = _Scope({k: v.get("value") for k, v in (workflow.properties.get("parameters") or {}).items()}, now, send)
    await scope.run(definition.get("actions") or {})
    return scope.results


class _Scope:
    def __init__(self, parameters: dict[str, Any], now: float, send: Send) -> None:
        self._send = send
        self.results: dict[str, str] = {}
        self._bodies: dict[str, Any] = {}
        self._outputs: dict[str, Any] = {}
        self._functions: expressions.Functions = {
            **expressions.at(now),
            "parameters": parameters.__getitem__,
            "body": self._bodies.__getitem__,
            "outputs": self._outputs.__getitem__,
        }

    async def run(self, actions: dict[str, Any]) -> bool:
        """Whether no action failed."""
        waiting = dict(actions)
        while waiting:
            ready = [n for n, a in waiting.items() if all(b not in waiting for b in a.get("runAfter") or {})]
            if not ready:
                self.results.update(dict.fromkeys(waiting, "Skipped"))
                break
            for name in ready:
                self.results[name] = await self._one(name, waiting.pop(name))
        return all(self.results[name] != "Failed" for name in actions)

    async def _one(self, name: str, action: dict[str, Any]) -> str:
        for before, accepted in (action.get("runAfter") or {}).items():
            if self.results[before].lower() not in [a.lower() for a in accepted]:
                return "Skipped"
        try:
            return "Succeeded" if await self._act(name, action) else "Failed"
        except (ValueError, KeyError, TypeError):
            return "Failed"

    async def _act(self, name: str, action: dict[str, Any]) -> bool:
        if action["type"] == "Http":
            return await self._ask(name, action["inputs"])
        return not expressions.holds(action["expression"], self._functions) or await self.run(action["actions"])

    async def _ask(self, name: str, inputs: dict[str, Any]) -> bool:
        signer = str(self.value(inputs["authentication"]["identity"]))
        reply = await self._send(Request(inputs["method"], str(self.value(inputs["uri"])), signer))
        self._bodies[name] = reply.body
        self._outputs[name] = {"statusCode": reply.status, "body": reply.body}
        return reply.status < 400

    def value(self, template: Any) -> Any:
        return expressions.value(template, self._functions)
