"""ARM's answers as the documentation shows them, made small."""

from __future__ import annotations

from typing import Any

from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.preflight.finding import ArmReply, Demand

SUB = "/subscriptions/00000000-0000-0000-0000-000000000000"
A100 = "Standard_NC96ads_A100_v4"
DEMAND = Demand(vm_size=A100, location="eastus", node_count=1)
FORBIDDEN = ArmReply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}})


def listed(*values: Any) -> ArmReply:
    return ArmReply(200, {"value": list(values)})


def sku(name: str = A100, location: str = "eastus", **changes: Any) -> dict[str, Any]:
    """An entry of Microsoft.Compute/skus; `capabilities` are added to the usual ones."""
    usual = {
        "vCPUs": "96",
        "HyperVGenerations": "V2",
        "CpuArchitectureType": "x64",
        "LowPriorityCapable": "True",
        "RdmaEnabled": "False",
        "AcceleratedNetworkingEnabled": "True",
        "PremiumIO": "True",
    }
    able = {**usual, **changes.pop("capabilities", {})}
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "family": "StandardNCADSA100v4Family",
        "locations": [location],
        "locationInfo": [{"location": location, "zones": ["3", "1"]}],
        "capabilities": [{"name": n, "value": v} for n, v in able.items()],
        "restrictions": [],
        **changes,
    }


def restriction(kind: str, reason: str = "NotAvailableForSubscription", **info: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "values": ["eastus"],
        "reasonCode": reason,
        "restrictionInfo": {"locations": ["eastus"], **info},
    }


def usage(name: str, used: int, limit: int, label: str = "") -> dict[str, Any]:
    return {
        "currentValue": used,
        "limit": limit,
        "unit": "Count",
        "name": {"value": name, "localizedValue": label or name},
    }


def usages(family: tuple[int, int] = (0, 960), region: tuple[int, int] = (0, 960), spot: int = 960) -> ArmReply:
    """(used, limit) of the family and of the region."""
    return listed(
        usage("standardNCADSA100v4Family", *family, "Standard NCADS_A100_v4 Family vCPUs"),
        usage("cores", *region, "Total Regional vCPUs"),
        usage("lowPriorityCores", 0, spot),
        usage("virtualMachines", 0, 25000),
        usage("virtualMachineScaleSets", 0, 2500),
    )


def request(path: str, body: dict[str, Any] | None = None, version: str = "2024-01-01") -> ResourceRequest:
    """A request for the resource at `path`, below the subscription."""
    own = path.rpartition("/providers/")[2].split("/")
    kind = "/".join([own[0], *own[1::2]]) if "/providers/" in path else "Microsoft.Resources/resourceGroups"
    return ResourceRequest(path.rpartition("/")[2], kind, version, SUB + path, body or {"location": "eastus"})
