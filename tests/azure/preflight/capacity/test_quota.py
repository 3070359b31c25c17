"""What is free of a quota, and what is said where it does not suffice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.azure.preflight.asked import spelt_out
from tests.azure.preflight.replies import DEMAND, FORBIDDEN, listed, sku, usage, usages
from tfinfra.azure.preflight.capacity import quota
from tfinfra.azure.preflight.capacity import sku as sizes
from tfinfra.azure.preflight.finding import ArmReply, Demand

NEEDED = "needs 96 vCPUs of family NCADS_A100_v4 in eastus"
QUOTAS: dict[str, tuple[ArmReply, Demand, list[tuple[str, str, str]]]] = {
    "enough": (usages(), DEMAND, []),
    "exactly enough": (usages(family=(4, 100), region=(4, 100)), DEMAND, []),
    "the family": (
        usages(family=(48, 96)),
        DEMAND,
        [("TFI601", "vm_size", f"{NEEDED}, 48 of 96 are free")],
    ),
    "used beyond its limit, nothing is free": (
        usages(family=(120, 96)),
        DEMAND,
        [("TFI601", "vm_size", f"{NEEDED}, 0 of 96 are free")],
    ),
    "the region": (
        usages(region=(0, 95)),
        DEMAND,
        [("TFI602", "location", "needs 96 vCPUs in eastus, of all families together, 95 of 95 are free")],
    ),
    "both at once": (
        usages(family=(0, 0), region=(0, 10)),
        DEMAND,
        [
            ("TFI601", "vm_size", f"{NEEDED}, 0 of 0 are free"),
            ("TFI602", "location", "needs 96 vCPUs in eastus, of all families together, 10 of 10 are free"),
        ],
    ),
    "spot counts by itself": (
        usages(family=(0, 0), region=(0, 0), spot=1000),
        replace(DEMAND, spot=True, node_count=20),
        [("TFI603", "vm_priority", "needs 1,920 spot vCPUs in eastus, 1,000 of 1,000 are free")],
    ),
    "a family that is not listed has none": (
        listed(usage("cores", 0, 960)),
        DEMAND,
        [("TFI601", "vm_size", "needs 96 vCPUs of family NCADSA100v4 in eastus, 0 of 0 are free")],
    ),
    "machines": (
        listed(*usages().values[:3], usage("virtualMachines", 24999, 25000), usage("virtualMachineScaleSets", 0, 1)),
        replace(DEMAND, node_count=2),
        [("TFI604", "node_count", "needs 2 machines in eastus, 1 of 25,000 are free")],
    ),
    "no answer is no finding": (FORBIDDEN, DEMAND, []),
}


@pytest.mark.parametrize("case", QUOTAS)
def test_quotas(case: str) -> None:
    reply, demand, expected = QUOTAS[case]
    offered = sizes.offer(listed(sku()), demand)
    assert offered is not None
    assert spelt_out(quota.findings(reply, offered, demand)) == expected


LABELS = {
    "Standard NCADS_A100_v4 Family vCPUs": "NCADS_A100_v4",
    "Standard NCASv3_T4 Family vCPUs": "NCASv3_T4",
    "Standard DSv5 Family vCPUs": "DSv5",
    "Total Regional vCPUs": "Total Regional vCPUs",
}


@pytest.mark.parametrize("label", LABELS)
def test_families_have_short_names(label: str) -> None:
    assert quota.family_label(label) == LABELS[label]
