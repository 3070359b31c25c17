"""What the checks are asked about: a target, and what its plan makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.azure.preflight.replies import SUB, request
from tfinfra.azure.preflight.finding import Finding
from tfinfra.model import Target

TARGET = Target(name="gpu", cloud="azure", location="eastus", vm_size="Standard_NC96ads_A100_v4", os_disk_gb=128)
BROUGHT = replace(TARGET, subnet_id=f"{SUB}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s")
GROUP = "/resourceGroups/tfinfra-digits-ab12cd-keep"
ACCOUNT = request(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/blobs")
ROLE = request(f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/r", {"properties": {}})


def spelt_out(found: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """(code, key, message) of each finding."""
    return [(f.code, f.key, f.message) for f in found]
