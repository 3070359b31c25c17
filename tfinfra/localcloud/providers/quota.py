"""Cores: sizes, limits and usage, so that a request above its quota fails here as it does in Azure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tfinfra.localcloud.arm_error import ArmError
from tfinfra.localcloud.providers.base import Surroundings
from tfinfra.localcloud.state import Resource

TOTAL = "cores"
SPOT = "lowPriorityCores"
LIMIT = 1_000_000  # the local cloud sells as much as is asked for, until a test lowers it


def cores_of(size: str) -> int:
    """The cores that a size's name gives: "Standard_ND96asr_v4" has 96; 1 where the name gives none."""
    found = re.search(r"\d+", size.partition("_")[2])
    return int(found.group()) if found else 1


def family_of(size: str) -> str:
    """A size's family as usages name it: "Standard_D8s_v5" → "standardDSv5Family"."""
    letters = re.sub(r"\d+(?=[a-z]*(_|$))", "", size.partition("_")[2], count=1)
    return f"standard{letters.replace('_', '').replace('s', 'S', 1)}Family"


def needs(resource: Resource) -> Counter[str]:
    """The cores that a scale set takes, by the name of the usage that counts them."""
    sku = resource.body.get("sku") or {}
    count = cores_of(str(sku.get("name", ""))) * int(sku.get("capacity") or 0)
    profile = resource.properties.get("virtualMachineProfile") or {}
    if profile.get("priority") in ("Spot", "Low"):
        return Counter({SPOT: count})
    return Counter({family_of(str(sku.get("name", ""))): count, TOTAL: count})


def used(around: Surroundings, but: str = "") -> Counter[str]:
    """The cores in use, without those of the scale set `but`."""
    total: Counter[str] = Counter()
    for scale_set in around.state.of_type("Microsoft.Compute/virtualMachineScaleSets"):
        if scale_set.id.lower() != but.lower():
            total += needs(scale_set)
    return total


def check(around: Surroundings, resource: Resource) -> None:
    """Raises ArmError (409 OperationNotAllowed, as compute does) where a quota does not suffice."""
    current = used(around, resource.id)
    for name, count in needs(resource).items():
        limit = around.quotas.get(name, LIMIT)
        if current[name] + count > limit:
            raise ArmError(
                409,
                "OperationNotAllowed",
                f"Operation could not be completed as it results in exceeding approved {name} quota. Additional "
                f"details - Location: {resource.body.get('location')}, Current Limit: {limit}, Current Usage: "
                f"{current[name]}, Additional Required: {count}, "
                f"(Minimum) New Limit Required: {current[name] + count}.",
            )


def usages(around: Surroundings) -> list[dict[str, Any]]:
    """The list that Microsoft.Compute/locations/{location}/usages answers."""
    current = used(around)
    names = sorted({TOTAL, SPOT, *current, *around.quotas})
    return [
        {
            "limit": around.quotas.get(name, LIMIT),
            "currentValue": current[name],
            "name": {"value": name, "localizedValue": name},
            "unit": "Count",
        }
        for name in names
    ]
