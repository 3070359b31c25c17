"""What the caller may do, and what of it the plan needs."""

from __future__ import annotations

import pytest

from tests.azure.preflight.asked import ACCOUNT, GROUP, ROLE
from tests.azure.preflight.replies import SUB, listed, request
from tfinfra.azure.preflight import permissions

OWNER = {"actions": ["*"], "notActions": []}
CONTRIBUTOR = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
GRANTER = {"actions": ["Microsoft.Authorization/roleAssignments/write", "*/read"], "notActions": []}
RIGHTS = {
    "an owner may": ([OWNER], ""),
    "a contributor may not assign roles": ([CONTRIBUTOR], "Microsoft.Authorization/roleAssignments/write in"),
    "one grant may except what another gives": ([CONTRIBUTOR, GRANTER], ""),
    "nobody may nothing": ([], "Microsoft.Authorization/roleAssignments/read"),
}


@pytest.mark.parametrize("case", RIGHTS)
def test_rights(case: str) -> None:
    grants, missing = RIGHTS[case]
    found = list(permissions.findings((ACCOUNT, ROLE), listed(*grants)))
    assert [f.code for f in found] == (["TFI616"] if missing else [])
    assert not found or missing in found[0].message


def test_a_contributor_is_told_both_ways_out() -> None:
    (found,) = permissions.findings((ACCOUNT, ROLE), listed(CONTRIBUTOR))
    assert "Role Based Access Control Administrator" in str(found.hint)
    assert "identity_id" in str(found.hint)


def test_using_a_resource_takes_an_action_of_its_own() -> None:
    identity = f"{SUB}{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes"
    net = f"{SUB}{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    body = {"identity": {"userAssignedIdentities": {identity: {}}}, "properties": {"subnets": [{"id": net}]}}
    found = permissions.needed([request(f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/x", body)])
    assert "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action" in found
    assert "Microsoft.Network/virtualNetworks/subnets/join/action" in found
    assert "Microsoft.Resources/subscriptions/resourceGroups/delete" in found
