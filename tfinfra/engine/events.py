"""Pulumi's engine events, as the few that a run's observer cares for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent
    from pulumi.automation.events import DiagnosticEvent, StepEventMetadata

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
    """The UpdateEvent, None for what nobody waits for: resources that stay as they are, progress of the tool itself."""
    steps = {
        "started": event.resource_pre_event,
        "done": event.res_outputs_event,
        "failed": event.res_op_failed_event,
    }
    for kind, step in steps.items():
        if step is not None:
            return _step(kind, step.metadata)
    return _diagnostic(event.diagnostic_event) if event.diagnostic_event else None


def _step(kind: str, metadata: StepEventMetadata) -> UpdateEvent | None:
    operation = str(getattr(metadata.op, "value", metadata.op))
    if operation in _UNCHANGED or not metadata.type.startswith("azure-native:"):
        return None
    return UpdateEvent(kind, metadata.type, _name(metadata.urn), operation)


def _diagnostic(event: DiagnosticEvent) -> UpdateEvent | None:
    if event.severity not in ("warning", "error"):
        return None
    urn = event.urn or ""
    return UpdateEvent(event.severity, _type(urn), _name(urn), _COLOR.sub("", event.message).strip())


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1] if urn.count("::") >= 3 else ""


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def stack_outputs(event: EngineEvent) -> dict[str, object] | None:
    """The stack's outputs, where this event is the one that carries them."""
    done = event.res_outputs_event
    if done is None or done.metadata.type != "pulumi:pulumi:Stack" or done.metadata.new is None:
        return None
    return dict(done.metadata.new.outputs or {})
