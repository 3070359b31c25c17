"""What an ARM id names, of whatever kind it is."""

from __future__ import annotations

import pytest

from tfinfra.arm.ids import Named, read

GROUP = "/subscriptions/s/resourceGroups/g"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
IDS = {
    "a resource in a group": (ACCOUNT, Named(GROUP, "Microsoft.Storage/storageAccounts", "a")),
    "one within another": (
        f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
        Named(GROUP, "Microsoft.Network/virtualNetworks/subnets", "v/s"),
    ),
    "one that extends another": (f"{ACCOUNT}/providers/{ASSIGNMENTS}/r", Named(ACCOUNT, ASSIGNMENTS, "r")),
    "one of a subscription": (
        f"/subscriptions/s/providers/{ASSIGNMENTS}/r",
        Named("/subscriptions/s", ASSIGNMENTS, "r"),
    ),
    "one of the tenant": (f"/providers/{ASSIGNMENTS}/r", Named("", ASSIGNMENTS, "r")),
    "in other letters": (ACCOUNT.upper(), Named(GROUP.upper(), "MICROSOFT.STORAGE/STORAGEACCOUNTS", "A")),
    "letters that are longer when small": (
        "/subscriptions/\u0130/providers/A.B/c/d",
        Named("/subscriptions/\u0130", "A.B/c", "d"),
    ),
    "a list": (f"{GROUP}/providers/Microsoft.Compute/disks", Named(GROUP, "Microsoft.Compute/disks", "")),
    "a group": (GROUP, Named(GROUP, "", "")),
    "nothing": ("", Named("", "", "")),
}


@pytest.mark.parametrize(("id_", "named"), IDS.values(), ids=IDS)
def test_an_id_names(id_: str, named: Named) -> None:
    assert read(id_) == named
