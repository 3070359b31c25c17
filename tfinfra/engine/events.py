"""Pulumi's engine events, as the few that a run's observer cares for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent

_COLOR = re.compile(r"<\{%.*?%\}>")  # Pulumi's own colour marks (sdk/go/common/diag/colors)
_UNCHANGED = frozenset({"same", "read", "discard", "refresh"})


@dataclass(frozen=True)
class UpdateEvent:
    """`kind`: started, done, failed (of one resource), warning or error.

    `resource_type` ("azure-native:network:NatGateway") and `name` are empty where no resource is concerned; `message`
    is the operation (create, update, delete, …) of the first three kinds, else text of one or more lines.
    """

    kind: str
    resource_type: str
    name: str
    message: str


def to_event(event: EngineEvent) -> UpdateEvent | None:
    """The UpdateEvent. None for what changes nothing: resources that stay as they are, progress of the tool itself."""
    steps = {
        "started": event.resource_pre_event,
        "done": event.res_outputs_event,
        "failed": event.res_op_failed_event,
    }
    for kind, step in steps.items():
        if step is not None:
            operation = str(getattr(step.metadata.op, "value", step.metadata.op))
            if operation in _UNCHANGED or not step.metadata.type.startswith("azure-native:"):
                return None
            return UpdateEvent(kind, step.metadata.type, _name(step.metadata.urn), operation)
    said = event.diagnostic_event
    if said is None or said.severity not in ("warning", "error"):
        return None
    urn = said.urn or ""
    resource_type = urn.split("::")[2].rsplit("$", 1)[-1] if urn.count("::") >= 3 else ""
    return UpdateEvent(said.severity, resource_type, _name(urn), _COLOR.sub("", said.message).strip())


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def stack_outputs(event: EngineEvent) -> dict[str, object] | None:
    """The stack's outputs, where this event is the one that carries them."""
    done = event.res_outputs_event
    if done is None or done.metadata.type != "pulumi:pulumi:Stack" or done.metadata.new is None:
        return None
    return dict(done.metadata.new.outputs or {})


class Seen:
    """Passes an update's events on as they come, and keeps them for the error's sake."""

    def __init__(self, tell: Callable[[UpdateEvent], None]) -> None:
        self.events: list[UpdateEvent] = []
        self._tell = tell

    def read(self, event: EngineEvent) -> dict[str, Any] | None:
        """The stack's outputs, where this event holds them."""
        seen = to_event(event)
        if seen is not None:
            self.events.append(seen)
            self._tell(seen)
        return stack_outputs(event)
