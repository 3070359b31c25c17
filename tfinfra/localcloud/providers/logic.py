"""Logic workflows as far as a timer needs them: when one is due, and what its definition does then.

A definition is walked as Logic Apps would: actions in the order of runAfter, Http and If, and the handful of
functions that compare times. What is not known here fails the action with a message, never silently.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tfinfra.clock import iso_time, unix_time
from tfinfra.localcloud.providers.base import Provider, Surroundings
from tfinfra.localcloud.providers.identity import principal_ids
from tfinfra.localcloud.state import Resource

WORKFLOWS = "Microsoft.Logic/workflows"
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_CALL = re.compile(r"(\w+)\((.*)\)$", re.DOTALL)


class Workflows(Provider):
    def accept(self, around: Surroundings, resource: Resource, before: Resource | None) -> Resource:
        kept = before.internal if before else {}
        made = resource.with_internal(begun=around.now(), **{k: kept[k] for k in ("last", "runs") if k in kept})
        identity = resource.body.get("identity") or {}
        if "SystemAssigned" in str(identity.get("type")):
            ids = principal_ids((before.body.get("identity") or {}) if before else {})
            made = replace(made, body={**made.body, "identity": {**identity, **ids}})
        return made.with_properties(state=resource.properties.get("state", "Enabled"), version="1")


@dataclass(frozen=True)
class Request:
    """An Http action: `identity` is the ARM id of the managed identity that signs it, "" for the workflow's own."""

    method: str
    uri: str
    identity: str


Send = Callable[[Request], Awaitable[int]]


def is_due(workflow: Resource, now: float) -> bool:
    """Whether a recurrence of the workflow's triggers has come since its last run. The first comes at once."""
    if str(workflow.properties.get("state")) != "Enabled":
        return False
    last = workflow.internal.get("last")
    return any(last is None or now >= last + every for every in _recurrences(workflow))


def _recurrences(workflow: Resource) -> Iterator[float]:
    for trigger in (workflow.properties.get("definition") or {}).get("triggers", {}).values():
        recurrence = trigger.get("recurrence") or {}
        unit = _SECONDS.get(str(recurrence.get("frequency", "")).lower())
        if unit:
            yield float(unit * recurrence.get("interval", 1))


async def perform(workflow: Resource, now: float, send: Send) -> dict[str, str]:
    """Runs the definition once; returns {action: Succeeded, Failed or Skipped}. `send` returns an HTTP status."""
    definition = workflow.properties.get("definition") or {}
    scope = _Scope({k: v.get("value") for k, v in (workflow.properties.get("parameters") or {}).items()}, now, send)
    await scope.run(definition.get("actions") or {})
    return scope.results


class _Scope:
    def __init__(self, parameters: dict[str, Any], now: float, send: Send) -> None:
        self._parameters, self._now, self._send = parameters, now, send
        self.results: dict[str, str] = {}

    async def run(self, actions: dict[str, Any]) -> bool:
        """Whether no action failed."""
        waiting = dict(actions)
        while waiting:
            ready = [n for n, a in waiting.items() if all(b not in waiting for b in a.get("runAfter") or {})]
            if not ready:
                self.results.update(dict.fromkeys(waiting, "Skipped"))
                break
            for name in ready:
                self.results[name] = await self._one(waiting.pop(name))
        return all(self.results[name] != "Failed" for name in actions)

    async def _one(self, action: dict[str, Any]) -> str:
        for before, accepted in (action.get("runAfter") or {}).items():
            if self.results[before].lower() not in [a.lower() for a in accepted]:
                return "Skipped"
        try:
            return "Succeeded" if await self._act(action) else "Failed"
        except (ValueError, KeyError, TypeError):
            return "Failed"

    async def _act(self, action: dict[str, Any]) -> bool:
        match str(action.get("type")).lower():
            case "http":
                inputs = action["inputs"]
                signer = str(self.value((inputs.get("authentication") or {}).get("identity") or ""))
                return await self._send(Request(inputs["method"], str(self.value(inputs["uri"])), signer)) < 400
            case "if":
                chosen = action if self._true(action["expression"]) else action.get("else") or {}
                return await self.run(chosen.get("actions") or {})
            case other:
                raise ValueError(f"no action of type '{other}'")

    def _true(self, expression: Any) -> bool:
        if not isinstance(expression, dict):
            return bool(self.value(expression))
        ((operator, operands),) = expression.items()
        if operator in ("and", "or"):
            return (all if operator == "and" else any)(self._true(o) for o in operands)
        if operator == "not":
            return not self._true(operands)
        left, right = map(self.value, operands)
        return bool(_COMPARISONS[operator](left, right))

    def value(self, text: Any) -> Any:
        """The value of a template expression: "@f(x)" whole, or "…@{f(x)}…" inside a text."""
        if not isinstance(text, str):
            return text
        if text.startswith("@") and not text.startswith("@{"):
            return self._evaluate(text[1:])
        return re.sub(r"@\{([^}]*)\}", lambda found: str(self._evaluate(found.group(1))), text)

    def _evaluate(self, text: str) -> Any:
        text = text.strip()
        if text.startswith("'") and text.endswith("'"):
            return text[1:-1]
        found = _CALL.match(text)
        if not found:
            return float(text)
        argument = self._evaluate(found.group(2)) if found.group(2).strip() else None
        match found.group(1).lower():
            case "parameters":
                return self._parameters[str(argument)]
            case "utcnow":
                return iso_time(self._now)
            case "ticks":
                return unix_time(str(argument))
            case other:
                raise ValueError(f"no function '{other}'")


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda a, b: a == b,
    "greater": lambda a, b: a > b,
    "greaterOrEquals": lambda a, b: a >= b,
    "less": lambda a, b: a < b,
    "lessOrEquals": lambda a, b: a <= b,
}
