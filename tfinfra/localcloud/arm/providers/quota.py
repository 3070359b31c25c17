"""Cores: sizes, limits and usage, so that a request above its quota fails here as it does in Azure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from tfinfra.catalog.sizes import size as known_size
from tfinfra.catalog.sizes import sizes
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource

TOTAL = "cores"
SPOT = "lowPriorityCores"
MACHINES = "virtualMachines"
SETS = "virtualMachineScaleSets"
LIMIT = 1_000_000  # as good as none, until a test lowers it
_LABELS = {
    TOTAL: "Total Regional vCPUs",
    SPOT: "Total Regional Low-priority vCPUs",
    MACHINES: "Virtual Machines",
    SETS: "Virtual Machine Scale Sets",
    "StandardNCADSA100v4Family": "Standard NCADS_A100_v4 Family vCPUs",
}


def cores_of(size: str) -> int:
    """The cores of a size: the catalog's, else those that its name gives ("Standard_ND96asr_v4"), else 1."""
    known = known_size(size)
    if known is not None:
        return known.cores
    found = re.search(r"\d+", size.partition("_")[2])
    return int(found.group()) if found else 1


def family_of(size: str) -> str:
    """A size's family as usages name it: the catalog's, else as most are made: Standard_E8s_v5 → standardESv5Family."""
    known = known_size(size)
    if known is not None:
        return known.family
    letters = re.sub(r"\d+(?=[a-z]*(_|$))", "", size.partition("_")[2], count=1)
    return f"standard{letters.replace('_', '').replace('s', 'S', 1)}Family"


def needs(resource: ArmResource) -> Counter[str]:
    """What a scale set takes of each usage, by its name."""
    sku = resource.body.get("sku") or {}
    capacity = int(sku.get("capacity") or 0)
    count = cores_of(str(sku.get("name", ""))) * capacity
    profile = resource.properties.get("virtualMachineProfile") or {}
    own = Counter({MACHINES: capacity, SETS: 1})
    if profile.get("priority") in ("Spot", "Low"):
        return own + Counter({SPOT: count})
    return own + Counter({family_of(str(sku.get("name", ""))): count, TOTAL: count})


def used(context: CloudContext, location: str, but: str = "") -> Counter[str]:
    """What is in use in `location`, without the scale set `but`."""
    total: Counter[str] = Counter()
    for scale_set in context.state.of_type("Microsoft.Compute/virtualMachineScaleSets"):
        if scale_set.id.lower() != but.lower() and location_of(scale_set.body) == location:
            total += needs(scale_set)
    return total


def location_of(body: Mapping[str, Any]) -> str:
    """ "East US" is eastus."""
    return str(body.get("location", "")).replace(" ", "").lower()


def limit(context: CloudContext, location: str, name: str) -> int:
    return context.quotas.get(f"{location}/{name}", context.quotas.get(name, LIMIT))


def settings(document: Mapping[str, Any]) -> dict[str, int]:
    """Limits as they are set: {name: limit} everywhere, {location: {name: limit}} in one location. Raises ArmRefusal
    (400) for a name that no usage has: a limit of it would have no effect."""
    known = {TOTAL, SPOT, MACHINES, SETS, *(size.family for size in sizes())}
    found: dict[str, int] = {}
    for name, value in document.items():
        for inner, number in value.items() if isinstance(value, Mapping) else ((name, value),):
            usage = str(inner)
            if usage not in known:
                near = get_close_matches(usage, known, n=1)
                hint = f"; is it {near[0]}?" if near else ""
                raise ArmRefusal(400, "InvalidRequestContent", f"there is no usage '{usage}'{hint}")
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                reason = f"a limit is a whole number, 0 or more, and not {number!r}"
                raise ArmRefusal(400, "InvalidRequestContent", reason)
            key = f"{location_of({'location': name})}/{inner}" if isinstance(value, Mapping) else str(name)
            found[key] = number
    return found


def check(context: CloudContext, resource: ArmResource) -> None:
    """Raises ArmRefusal (409 OperationNotAllowed, as compute does) where a quota does not suffice."""
    location = location_of(resource.body)
    current = used(context, location, resource.id)
    for name, count in needs(resource).items():
        most = limit(context, location, name)
        if current[name] + count > most:
            raise ArmRefusal(
                409,
                "OperationNotAllowed",
                f"Operation could not be completed as it results in exceeding approved {name} quota. Additional "
                f"details - Location: {resource.body.get('location')}, Current Limit: {most}, Current Usage: "
                f"{current[name]}, Additional Required: {count}, "
                f"(Minimum) New Limit Required: {current[name] + count}.",
            )


def usages(context: CloudContext, location: str) -> list[dict[str, Any]]:
    """The list that Microsoft.Compute/locations/{location}/usages answers: every family, used or not."""
    current = used(context, location)
    known = {s.family for s in sizes()}
    limited = {name.rpartition("/")[2] for name in context.quotas}
    return [
        {
            "unit": "Count",
            "currentValue": current[name],
            "limit": limit(context, location, name),
            "name": {"value": name, "localizedValue": label_of(name)},
        }
        for name in sorted({TOTAL, SPOT, MACHINES, SETS, *known, *current, *limited})
    ]


def label_of(name: str) -> str:
    """A usage's name for people: "standardDSv5Family" is "Standard DSv5 Family vCPUs"."""
    if name in _LABELS:
        return _LABELS[name]
    found = re.fullmatch(r"[sS]tandard ?(.+?) ?Family", name)
    return f"Standard {found.group(1)} Family vCPUs" if found else name
