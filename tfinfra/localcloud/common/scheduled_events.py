"""Scheduled events: what is about to happen to a machine, as its instance-metadata endpoint announces it.

https://learn.microsoft.com/azure/virtual-machines/linux/scheduled-events
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from tfinfra.localcloud.common.arm_refusal import ArmRefusal

NOTICE_SECONDS = {"Preempt": 30.0, "Terminate": 300.0, "Reboot": 900.0, "Redeploy": 600.0, "Freeze": 900.0}
"""The least notice of each type of event."""
ENDING = frozenset({"Preempt", "Terminate"})
"""After which the machine is gone."""
REBOOTING = frozenset({"Reboot", "Redeploy"})
"""After which the machine boots again. The local cloud announces the others, and does nothing."""


@dataclass(frozen=True)
class ScheduledEvent:
    """What happens to the machine `vm_id`, called `name`, at `not_before` (Unix seconds). One that is not `announced`
    is what no cloud can foresee: a kernel that panics, a host that breaks."""

    id: str
    type: str
    vm_id: str
    name: str
    not_before: float
    announced: bool = True

    def document(self) -> dict[str, Any]:
        return {
            "EventId": self.id,
            "EventType": self.type,
            "ResourceType": "VirtualMachine",
            "Resources": [self.name],
            "EventStatus": "Scheduled",
            "NotBefore": formatdate(self.not_before, usegmt=True),
            "Description": f"{self.type} by the local cloud",
            "EventSource": "Platform",
            "DurationInSeconds": -1,
        }


@dataclass
class ScheduledEvents:
    """All that are to come; in memory alone, for the daemon's event loop."""

    _coming: list[ScheduledEvent] = field(default_factory=list)
    _incarnation: int = 1

    def add(self, kind: str, vm_id: str, name: str, not_before: float, *, announced: bool = True) -> ScheduledEvent:
        made = ScheduledEvent(str(uuid.uuid4()).upper(), kind, vm_id, name, not_before, announced)
        self._change([*self._coming, made])
        return made

    def document(self, vm_id: str) -> dict[str, Any]:
        """The events of one machine: it sees no other's, as in a set of one fault domain."""
        events = [event.document() for event in self._coming if event.vm_id == vm_id and event.announced]
        return {"DocumentIncarnation": self._incarnation, "Events": events}

    def acknowledge(self, vm_id: str, ids: Collection[str], now: float) -> None:
        """The machine is ready: its events of these ids need not wait for their time."""
        ready = [e for e in self._coming if e.vm_id == vm_id and e.id in ids]
        rest = [e for e in self._coming if e not in ready]
        self._change([*rest, *(replace(e, not_before=min(now, e.not_before)) for e in ready)])

    def take_due(self, now: float) -> list[ScheduledEvent]:
        """The events whose time has come; they are not listed any more."""
        due = [event for event in self._coming if event.not_before <= now]
        if due:
            self._change([event for event in self._coming if event not in due])
        return due

    def _change(self, coming: list[ScheduledEvent]) -> None:
        self._coming, self._incarnation = coming, self._incarnation + 1


def check_type(kind: str) -> str:
    """`kind`, where there is such a type of event. Raises ArmRefusal."""
    if kind not in NOTICE_SECONDS:
        raise ArmRefusal(
            400, "InvalidParameter", f"There are no '{kind}' events; there are {', '.join(NOTICE_SECONDS)}."
        )
    return kind


def start_requests(body: Any) -> list[str]:
    """The ids in {"StartRequests": [{"EventId"}]}. Raises ValueError where the body is another."""
    try:
        return [str(request["EventId"]) for request in body["StartRequests"]]
    except (KeyError, TypeError) as error:
        raise ValueError("StartRequests with an EventId each are expected") from error
