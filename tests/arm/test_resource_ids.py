"""What an ARM id names, of whatever kind it is."""

from __future__ import annotations

import pytest

from tfinfra.arm.resource_ids import ResourceId, parse_resource_id

GROUP = "/subscriptions/s/resourceGroups/g"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
IDS = {
    "a resource in a group": (ACCOUNT, ResourceId(GROUP, "Microsoft.Storage/storageAccounts", "a")),
    "one within another": (
        f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
        ResourceId(GROUP, "Microsoft.Network/virtualNetworks/subnets", "v/s"),
    ),
    "one that extends another": (f"{ACCOUNT}/providers/{ASSIGNMENTS}/r", ResourceId(ACCOUNT, ASSIGNMENTS, "r")),
    "one of a subscription": (
        f"/subscriptions/s/providers/{ASSIGNMENTS}/r",
        ResourceId("/subscriptions/s", ASSIGNMENTS, "r"),
    ),
    "one of the tenant": (f"/providers/{ASSIGNMENTS}/r", ResourceId("", ASSIGNMENTS, "r")),
    "in other letters": (ACCOUNT.upper(), ResourceId(GROUP.upper(), "MICROSOFT.STORAGE/STORAGEACCOUNTS", "A")),
    "letters that are longer when small": (
        "/subscriptions/\u0130/providers/A.B/c/d",
        ResourceId("/subscriptions/\u0130", "A.B/c", "d"),
    ),
    "a list": (f"{GROUP}/providers/Microsoft.Compute/disks", ResourceId(GROUP, "Microsoft.Compute/disks", "")),
    "a group": (GROUP, ResourceId(GROUP, "", "")),
    "nothing": ("", ResourceId("", "", "")),
}


@pytest.mark.parametrize(("id_", "named"), IDS.values(), ids=IDS)
def test_an_id_names(id_: str, named: ResourceId) -> None:
    assert parse_resource_id(id_) == named
