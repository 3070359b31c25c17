"""What the checks start from and what they give: a demand on Azure, ARM's replies, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfinfra.errors import Severity
from tfinfra.model import Plan, Target

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError


@dataclass(frozen=True)
class Finding:
    """`key` is the key of the manifest or the target that is at fault; `hint` what would work."""

    code: str
    key: str
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class ArmReply:
    """One answer of ARM: its status (0: none came) and its document."""

    status: int
    body: Any

    @classmethod
    def none(cls, error: AzureError) -> ArmReply:
        """The answer that did not come, with what azure-core says of it."""
        return cls(0, {"error": {"code": type(error).__name__, "message": " ".join(str(error.message).split())[:200]}})

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def values(self) -> list[Any]:
        """The members of a list that say something, [] where it was not answered."""
        found = self.body.get("value") if self.ok and isinstance(self.body, Mapping) else self.body
        return [entry for entry in found if isinstance(entry, Mapping)] if self.ok and isinstance(found, list) else []

    @property
    def error(self) -> dict[str, Any]:
        """{"code", "message", "target", "details", "additionalInfo"} of a refusal, whatever case its keys are in."""
        found = _keyed(self.body)
        inner = found.get("error", found if found.get("code") else None)
        if isinstance(inner, Mapping):
            return _keyed(inner)
        return {"code": str(self.status), "message": str(self.body or "no answer")}


_KEYS = {key.lower(): key for key in ("error", "code", "message", "target", "details", "additionalInfo", "innererror")}


def _keyed(body: Any) -> dict[str, Any]:
    """An error's fields under ARM's usual names, its details' too."""
    fields = {_KEYS.get(str(k).lower(), str(k)): v for k, v in body.items()} if isinstance(body, Mapping) else {}
    details = fields.get("details")
    if isinstance(details, list):
        fields["details"] = [_keyed(detail) for detail in details if isinstance(detail, Mapping)]
    return fields


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
