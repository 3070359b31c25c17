"""The sizes that the local cloud sells: any that tfinfra's catalogue prices, everywhere and without restriction."""

from __future__ import annotations

import re
from typing import Any

from tfinfra.localcloud.providers import quota

SIZES = (
    *(f"Standard_D{n}s_v5" for n in (2, 4, 8, 16, 32, 48, 64, 96)),
    *(f"Standard_NC{n}as_T4_v3" for n in (4, 8, 16, 64)),
    *(f"Standard_NC{n}ads_A100_v4" for n in (24, 48, 96)),
    *(f"Standard_NC{n}ads_H100_v5" for n in (40, 80)),
    "Standard_ND96asr_v4",
    "Standard_ND96amsr_A100_v4",
    "Standard_ND96isr_H100_v5",
    "Standard_ND96isr_H200_v5",
)


def list_skus(filter_: str) -> list[dict[str, Any]]:
    """The answer of Microsoft.Compute/skus; the only filter that it knows is `location eq '…'`."""
    found = re.search(r"location\s+eq\s+'([^']*)'", filter_, re.IGNORECASE)
    return [_sku(size, found.group(1) if found else "eastus") for size in SIZES]


def _sku(size: str, location: str) -> dict[str, Any]:
    return {
        "resourceType": "virtualMachines",
        "name": size,
        "tier": "Standard",
        "size": size.partition("_")[2],
        "family": quota.family_of(size),
        "locations": [location],
        "locationInfo": [{"location": location, "zones": []}],
        "capabilities": [{"name": "vCPUs", "value": str(quota.cores_of(size))}],
        "restrictions": [],
    }
