"""What the caller may do, and what of it the plan needs."""

from __future__ import annotations

import pytest

from tests.azure.preflight.asked import ACCOUNT, GROUP, ROLE
from tests.azure.preflight.replies import FORBIDDEN, SUB, listed, request
from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.preflight import permissions
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.errors import Severity

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


SET = request(f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/x", {"properties": {}})
TIMER = request(f"{GROUP}/providers/Microsoft.Logic/workflows/t", {"properties": {}})
ZONE = request(f"{GROUP}/providers/Microsoft.Network/privateDnsZones/z", {"properties": {}})
LINKED = request(
    f"{GROUP}/providers/Microsoft.Network/privateEndpoints/p",
    {"properties": {"privateLinkServiceConnections": [{"properties": {"privateLinkServiceId": ACCOUNT.path}}]}},
)


def less(action: str) -> dict[str, list[str]]:
    """What somebody may do who may do everything but one thing."""
    return {"actions": ["*"], "notActions": [action]}


# The resource that takes it: what a run cannot do without, and what it can
WITHOUT: dict[str, tuple[ResourceRequest, str, str]] = {
    "the end of a write of Compute's": (SET, "Microsoft.Compute/locations/operations/read", ""),
    "the end of a write of Network's": (LINKED, "Microsoft.Network/locations/operations/read", ""),
    "the end of a write of a zone": (ZONE, "Microsoft.Network/privateDnsOperationStatuses/read", ""),
    "what the timer did": (TIMER, "Microsoft.Logic/workflows/runs/read", ""),
    "the endpoint of an account": (
        LINKED,
        "Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action",
        "",
    ),
    "a first look of the timer at once": (TIMER, "Microsoft.Logic/workflows/triggers/run/action", "5 minutes longer"),
    "machines": (SET, "Microsoft.Compute/virtualMachines/instanceView/read", "missed only once they are silent"),
    "what is in a group": (SET, "Microsoft.Resources/subscriptions/resourceGroups/resources/read", "groups may stay"),
    "the deletion of a set by itself": (SET, "Microsoft.Compute/virtualMachineScaleSets/delete", "keeps what is"),
    "the end of a write of Storage's": (
        ACCOUNT,
        "Microsoft.Storage/locations/*/read",
        "ARM may not say",
    ),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_of_one_right_less_one_is_told_before_anything_is_written(case: str) -> None:
    made, action, shows = WITHOUT[case]
    (found,) = permissions.findings((made,), listed(less(action)))
    assert (found.code, found.severity) == (("TFI636", Severity.WARNING) if shows else ("TFI616", Severity.ERROR))
    assert f"you may not {action} in {SUB}" in found.message
    assert shows in found.message


def test_who_may_do_next_to_nothing_is_told_of_all_that_is_missing_and_of_nothing_less() -> None:
    made = (ACCOUNT, ROLE, SET, TIMER)
    (found,) = permissions.findings(made, listed({"actions": ["Microsoft.Resources/*"], "notActions": []}))
    lacking = [a for a in permissions.needed(made) if not a.startswith("Microsoft.Resources/")]
    assert len(lacking) > 10
    assert all(action in found.message for action in lacking)


SUBNET = f"{SUB}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
JOINING = request(
    SET.path.removeprefix(SUB), {"properties": {"subnet": {"id": SUBNET.replace("resourceGroups", "resourcegroups")}}}
)
NETWORKER = {"actions": ["Microsoft.Network/*"], "notActions": []}
THERE: dict[str, tuple[ArmReply, ArmReply, str]] = {
    "the right is given on the subnet alone": (listed(less(JOIN)), listed(NETWORKER), ""),
    "the right is given nowhere": (listed(less(JOIN)), listed(less(JOIN)), f"you may not {JOIN} on {SUBNET}"),
    "all but that subnet may be used": (listed(OWNER), listed(), f"you may not {JOIN} on {SUBNET}"),
    "of the subnet nothing may be asked, where it may be given alone": (listed(less(JOIN)), FORBIDDEN, ""),
    "of the subnet nothing may be asked": (listed(OWNER), FORBIDDEN, ""),
    "the subnet is not to be seen": (listed(less(JOIN)), ArmReply(404, {"error": {"code": "ResourceNotFound"}}), ""),
    "ARM fails": (listed(less(JOIN)), ArmReply(503, {"error": {"code": "ServiceUnavailable"}}), ""),
    "no answer came": (listed(less(JOIN)), ArmReply(0, {"error": {"code": "ServiceRequestError"}}), ""),
}


def test_an_id_has_no_case() -> None:
    made = request(SET.path.removeprefix(SUB), {"properties": {"subnet": {"id": SUBNET.upper()}}})
    (found,) = permissions.findings((made,), listed(OWNER), {SUBNET: ("subnet_id", listed())})
    assert f"you may not {JOIN} on {SUBNET}" in found.message


@pytest.mark.parametrize("case", THERE)
def test_a_right_on_what_others_made_counts_where_it_is_given(case: str) -> None:
    own, there, said = THERE[case]
    found = list(permissions.findings((JOINING,), own, {SUBNET: ("subnet_id", there)}))
    assert [f.code for f in found] == (["TFI616"] if said else [])
    assert not said or said in found[0].message
    assert not said or found[0].key == ("subnet_id" if there.ok else "subscription_id")


def test_a_line_for_a_person_counts_no_right_that_is_not_known() -> None:
    known = permissions.summary((JOINING,), listed(OWNER), {SUBNET: ("subnet_id", listed(OWNER))})
    count = len(permissions.needed((JOINING,)))
    assert known == f"you have the {count} actions that the run takes"
    silent = permissions.summary((JOINING,), listed(OWNER), {SUBNET: ("subnet_id", FORBIDDEN)})
    assert silent == f"you have the {count - 1} actions that the run takes; not known on subnet_id"
