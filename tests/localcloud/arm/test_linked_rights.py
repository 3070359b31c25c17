"""What a caller may write and may not use: ARM refuses the write, and names what is used and the right for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.arm import test_arm_rights as rights
from tests.localcloud.calls import ACCOUNT, COMPUTE, IDENTITY, KEEP, SET, SUB, VNET, Arm, Reply, scale_set
from tests.localcloud.workflows import TIMER, workflow
from tfinfra.arm.error_bodies import missing_actions
from tfinfra.azure.rights.linked_actions import USES, use_of
from tfinfra.localcloud.arm.strict import linked
from tfinfra.localcloud.common import ids

NETWORK = f"{COMPUTE}/providers/Microsoft.Network"
ADDRESS, NAT, RULES, MEMBERS = (
    f"{NETWORK}/{kind}/one"
    for kind in ("publicIPAddresses", "natGateways", "networkSecurityGroups", "applicationSecurityGroups")
)
STANDARD = {"location": "eastus", "sku": {"name": "Standard"}}
SUBNET = f"{VNET}/subnets/nodes"


def network(**of_its_subnet: Any) -> dict[str, Any]:
    subnet = {"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/24", **of_its_subnet}}
    return {
        "location": "eastus",
        "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]},
    }


def rules(member: str) -> dict[str, Any]:
    allowed: dict[str, Any] = {"protocol": "*", "access": "Allow", "direction": "Inbound", "priority": 100}
    ports = {"sourcePortRange": "*", "destinationPortRange": "*", "destinationAddressPrefix": "*"}
    rule = {**allowed, **ports, "sourceApplicationSecurityGroups": [{"id": member}]}
    return {"location": "eastus", "properties": {"securityRules": [{"name": "r", "properties": rule}]}}


def endpoint() -> dict[str, Any]:
    link = {"name": "l", "properties": {"privateLinkServiceId": ACCOUNT, "groupIds": ["file"]}}
    return {"location": "eastus", "properties": {"subnet": {"id": SUBNET}, "privateLinkServiceConnections": [link]}}


APPROVAL = "Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action"
# What is written, and the right without which it is not, with what that is for
USED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a subnet of a set": (SET, scale_set(), "Microsoft.Network/virtualNetworks/subnets/join/action", SUBNET),
    "the identity of a set": (
        SET,
        scale_set(),
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        IDENTITY,
    ),
    "the identity of a workflow": (
        TIMER,
        workflow(),
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        IDENTITY,
    ),
    "the address of a gateway": (
        NAT,
        {**STANDARD, "properties": {"publicIpAddresses": [{"id": ADDRESS}]}},
        "Microsoft.Network/publicIPAddresses/join/action",
        ADDRESS,
    ),
    "the gateway of a subnet": (
        VNET,
        network(natGateway={"id": NAT}),
        "Microsoft.Network/natGateways/join/action",
        NAT,
    ),
    "the rules of a subnet": (
        VNET,
        network(networkSecurityGroup={"id": RULES}),
        "Microsoft.Network/networkSecurityGroups/join/action",
        RULES,
    ),
    "the members that a rule is for": (
        RULES,
        rules(MEMBERS),
        "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action",
        MEMBERS,
    ),
    "the subnet of a private endpoint": (
        f"{NETWORK}/privateEndpoints/p",
        endpoint(),
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        SUBNET,
    ),
    "what a private endpoint leads to": (f"{NETWORK}/privateEndpoints/p", endpoint(), APPROVAL, ACCOUNT),
}
MINE = ("Microsoft.Network/*", "Microsoft.Compute/*", "Microsoft.Logic/*", "Microsoft.ManagedIdentity/*", APPROVAL)


def ready(arm: Arm, *, without: str = "", scope: str = SUB) -> dict[str, str]:
    """All that a write may name, made by the owner; who asks may do everything in `scope` but what is left out."""
    rights.ready(arm)
    arm.make_network()
    for path, body in (
        (ADDRESS, STANDARD),
        (NAT, STANDARD),
        (RULES, {"location": "eastus"}),
        (MEMBERS, {"location": "eastus"}),
    ):
        assert arm.put(path, body).status < 300
    permissions = [{"actions": [*MINE, "Microsoft.Resources/*"], "notActions": [without] if without else []}]
    properties = {"roleName": "mine", "type": "CustomRole", "permissions": permissions, "assignableScopes": [SUB]}
    path = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{rights.ONE}"
    assert arm.put(path, {"properties": properties}).status == 201
    assert rights.assign(arm, rights.PERSON, role=rights.ONE, scope=scope).status == 201
    return {"authorization": f"Bearer {arm.token(rights.PERSON)}"}


def refused(reply: Reply) -> str:
    assert (reply.status, reply.code) == (403, "LinkedAuthorizationFailed"), reply.body
    return str(reply.body["error"]["message"])


@pytest.mark.parametrize("case", USED)
def test_who_may_write_and_not_use_is_refused_and_told_what_he_lacks(arm: Arm, case: str) -> None:
    path, body, action, used = USED[case]
    mine = ready(arm, without=action)
    said = refused(arm.put(path, body, **mine))
    assert f"'{path}'" in said
    assert f"'{used}'" in said
    assert missing_actions(said) == (action,)


@pytest.mark.parametrize("case", USED)
def test_who_may_use_it_too_is_not(arm: Arm, case: str) -> None:
    path, body, _, _ = USED[case]
    mine = ready(arm)
    reply = arm.put(path, body, **mine)
    assert reply.status in (200, 201, 202), reply.body


# A right to read is none that a write asks for.
ASKED_FOR = sorted(action for action in use_of(USES) if action.endswith("/action"))


@pytest.mark.parametrize("action", ASKED_FOR)
def test_the_cloud_takes_what_the_preflight_asks_for(action: str) -> None:
    namespace, *kinds = action.split("/")[:-2]
    used = "/".join([COMPUTE, "providers", namespace, *(part for kind in kinds for part in (kind, "one"))])
    connected = {"privateLinkServiceConnections": [{"properties": {"privateLinkServiceId": used}}]}
    body = {"properties": connected if "PrivateEndpoint" in action else {"x": {"id": used}}}
    by = RULES if "joinNetworkSecurityRule" in action else f"{NETWORK}/networkInterfaces/one"
    assert list(linked.uses(ids.parse(by), body)) == [(action, used)]


def test_the_preflight_asks_for_what_the_cloud_takes() -> None:
    assert set(linked.TAKES.values()) <= set(ASKED_FOR)


def test_a_right_on_one_group_uses_nothing_of_another(arm: Arm) -> None:
    mine = ready(arm, scope=COMPUTE)
    said = refused(arm.put(SET, scale_set(), **mine))
    assert f"on the linked scope(s) '{IDENTITY}' (respectively)" in said
    assert KEEP in said


def test_the_owner_lacks_what_the_market_takes_from_him(arm: Arm) -> None:
    ready(arm)
    joining = "Microsoft.Network/*/join/action"
    arm.put("/tfinfra/market", {"permissions": [{"actions": ["*"], "notActions": [joining]}]})
    refused(arm.put(SET, scale_set()))


ODD: dict[str, Any] = {
    "no object": [],
    "an identity that is a list": {"identity": [1], "properties": []},
    "connections that are none": {"properties": {"privateLinkServiceConnections": {"a": 1}}},
    "a connection that is none": {"properties": {"privateLinkServiceConnections": [1, {"properties": 2}]}},
    "an id that names nothing": {"properties": {"subnet": {"id": "/subscriptions/"}}},
}


@pytest.mark.parametrize("case", ODD)
def test_a_body_of_another_form_is_refused_as_before(arm: Arm, case: str) -> None:
    mine = ready(arm)
    assert arm.put(f"{NETWORK}/privateEndpoints/p", ODD[case], **mine).status == 400
