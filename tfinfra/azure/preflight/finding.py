"""What the checks start from and what they give: a demand on Azure, ARM's replies, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.errors import Severity
from tfinfra.model import Plan, Target


@dataclass(frozen=True)
class Finding:
    """`key` is the key of the manifest or the target that is at fault; `hint` what would work."""

    code: str
    key: str
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Reply:
    """One answer of ARM: its status (0: none came) and its document."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def values(self) -> list[Any]:
        """The members of a list, [] where it was not answered."""
        found = self.body.get("value") if self.ok and isinstance(self.body, Mapping) else self.body
        return found if self.ok and isinstance(found, list) else []

    @property
    def error(self) -> dict[str, Any]:
        """{"code", "message", "details"} of a refusal."""
        found = self.body.get("error") if isinstance(self.body, Mapping) else None
        return (
            found if isinstance(found, dict) else {"code": str(self.status), "message": str(self.body or "no answer")}
        )


@dataclass(frozen=True)
class Demand:
    """`node_count` machines of `vm_size` in `location`. `spot` are evictable ones."""

    vm_size: str
    location: str
    node_count: int
    spot: bool = False
    zone: str | None = None
    infiniband: bool = False
    accelerated_networking: bool = False


def demand_of(plan: Plan, target: Target) -> Demand:
    """What the plan asks of the location that it is for."""
    made = plan.infrastructure
    return Demand(
        vm_size=made.vm_size,
        location=made.location,
        node_count=made.node_count,
        spot=target.vm_priority == "low_priority",
        zone=target.zone,
        infiniband=made.infiniband,
        accelerated_networking=made.accelerated_networking,
    )


def normal(location: str) -> str:
    """ "East US" is eastus."""
    return location.replace(" ", "").lower()
