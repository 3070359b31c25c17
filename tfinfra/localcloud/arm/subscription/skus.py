"""The sizes that the local cloud sells: those of the catalog where it knows them to be sold, as Microsoft.Compute/skus
lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfinfra.catalog.data_files import data_file
from tfinfra.catalog.sizes import VmSize, sizes
from tfinfra.localcloud.arm.subscription.subscription_settings import SubscriptionSettings

ZONES = ("1", "2", "3")
ANYWHERE = "eastus"


def list_skus(settings: SubscriptionSettings, filter_: str) -> list[dict[str, Any]]:
    """The answer of Microsoft.Compute/skus; the only filter that it knows is `location eq '…'`, as in Azure."""
    found = re.search(r"location\s+eq\s+'([^']*)'", filter_, re.IGNORECASE)
    location = found.group(1).replace(" ", "").lower() if found else ANYWHERE
    documents = []
    for size in sizes():
        changes = [c.changes for c in settings.skus if c.concerns(size.name, location)]
        if size.sold_in(location) and None not in changes:
            document = _sku(size, location)
            for change in changes:
                document.update(change or {})
            documents.append(document)
    return documents


def _sku(size: VmSize, location: str) -> dict[str, Any]:
    rows: Mapping[str, Any] = data_file("gpu_sizes")["skus"]
    generations = rows.get(size.name, {}).get("generations", ["V1", "V2"])
    capabilities = {  # as the real list spells them: every value is text, truth is "True" or "False"
        "vCPUs": str(size.cores),
        "MemoryGB": f"{size.memory_gib:g}",
        "HyperVGenerations": ",".join(generations),
        "CpuArchitectureType": "Arm64" if size.architecture == "arm64" else "x64",
        "LowPriorityCapable": "True",
        "PremiumIO": "True",
        "RdmaEnabled": str(size.infiniband),
        "AcceleratedNetworkingEnabled": str(size.accelerated_networking),
        **({"GPUs": str(size.gpus)} if size.gpus else {}),
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.partition("_")[2],
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": list(ZONES), "zoneDetails": []}],
        "capabilities": [{"name": name, "value": value} for name, value in capabilities.items()],
        "restrictions": [],
    }
