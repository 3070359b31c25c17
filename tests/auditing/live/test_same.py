"""Two documents of ARM's that say the same, and two that do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.arm.azure_types import body_of
from tfinfra.auditing.live.comparison.same import ABSENT, differences

NETWORK = body_of("Microsoft.Network/virtualNetworks@2024-05-01")
ACCOUNT = body_of("Microsoft.Storage/storageAccounts@2024-01-01")
SET = body_of("Microsoft.Compute/virtualMachineScaleSets@2024-11-01")
WORKFLOW = body_of("Microsoft.Logic/workflows@2019-05-01")
IDENTITY = body_of("Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31")
GATEWAY = "/subscriptions/S/resourceGroups/g/providers/Microsoft.Network/natGateways/nat"
GUID, OTHER = "a0000000-0000-0000-0000-00000000000a", "b0000000-0000-0000-0000-00000000000b"


def subnet(name: str, **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": properties}


def net(*subnets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"location": "westeurope", "properties": {"subnets": list(subnets), **more}}


ALIKE: dict[str, tuple[str | None, Any, Any]] = {
    "a place as people write it": (NETWORK, {"location": "West Europe"}, {"location": "westeurope"}),
    "tags in another order and case": (NETWORK, {"tags": {"A": "1", "b": "2"}}, {"tags": {"B": "2", "a": "1"}}),
    "members of a list in another order": (NETWORK, net(subnet("a"), subnet("b")), net(subnet("B"), subnet("A"))),
    "ranges in another order": (
        NETWORK,
        net(addressSpace={"addressPrefixes": ["10.0.0.0/16", "10.1.0.0/16"]}),
        net(addressSpace={"addressPrefixes": ["10.1.0.0/16", "10.0.0.0/16"]}),
    ),
    "an id in another case": (
        NETWORK,
        net(subnet("a", natGateway={"id": GATEWAY})),
        net(subnet("a", natGateway={"id": GATEWAY.lower() + "/"})),
    ),
    "enumerated values in another case": (
        ACCOUNT,
        {"properties": {"minimumTlsVersion": "TLS1_2"}},
        {"properties": {"minimumTlsVersion": "tls1_2"}},
    ),
    "names of properties in another case": (
        ACCOUNT,
        {"Properties": {"isSftpEnabled": True}},
        {"properties": {"issftpenabled": True}},
    ),
    "what is read-only": (
        NETWORK,
        net(subnet("a")),
        {**net(subnet("a", ipConfigurations=[{"id": "x"}])), "etag": "W/1", "systemData": {}},
    ),
    "what this API version does not know": (NETWORK, net(), net(aNewThing={"on": True})),
    "nothing, in each of its forms": (NETWORK, net(bgpCommunities=None, ipAllocations=[]), net(dhcpOptions={})),
    "a switch that is off, where nothing was said": (NETWORK, net(), net(enableDdosProtection=False)),
    "a default that Azure fills in": (NETWORK, net(), net(privateEndpointVNetPolicies="Disabled")),
    "a default that Azure leaves out": (NETWORK, net(privateEndpointVNetPolicies="Disabled"), net()),
    "a whole number as a fraction": (SET, {"sku": {"capacity": 2}}, {"sku": {"capacity": 2.0}}),
    "the name of a size in another case": (
        SET,
        {"sku": {"name": "Standard_D8s_v5"}},
        {"sku": {"name": "standard_d8s_v5"}},
    ),
    "identities without what ARM says of them": (
        SET,
        {"identity": {"type": "UserAssigned", "userAssignedIdentities": {GATEWAY: {}}}},
        {"identity": {"type": "userassigned", "userAssignedIdentities": {GATEWAY.upper(): {"clientId": GUID}}}},
    ),
    "a definition whose members come in another order": (
        WORKFLOW,
        {"properties": {"definition": {"a": 1, "b": [1, 2]}}},
        {"properties": {"definition": {"b": [1, 2], "a": 1}}},
    ),
    "a document of a type that nobody knows": (None, {"x": [1, {"y": None}]}, {"x": [{"y": None}, 1], "etag": "2"}),
}
UNLIKE: dict[str, tuple[str | None, Any, Any, tuple[str, ...]]] = {
    "a member more": (NETWORK, net(subnet("a")), net(subnet("a"), subnet("b")), ("properties", "subnets", "b")),
    "a member less": (NETWORK, net(subnet("a")), net(), ("properties", "subnets", "a")),
    "a value inside a member": (
        NETWORK,
        net(subnet("a", addressPrefix="10.0.0.0/24")),
        net(subnet("a", addressPrefix="10.0.0.0/16")),
        ("properties", "subnets", "a", "properties", "addressPrefix"),
    ),
    "another id": (
        NETWORK,
        net(subnet("a", natGateway={"id": GATEWAY})),
        net(subnet("a", natGateway={"id": GATEWAY + "2"})),
        ("properties", "subnets", "a", "properties", "natGateway", "id"),
    ),
    "an id that is gone": (
        NETWORK,
        net(subnet("a", natGateway={"id": GATEWAY})),
        net(subnet("a")),
        ("properties", "subnets", "a", "properties", "natGateway", "id"),
    ),
    "a switch that was off and says nothing any more": (
        ACCOUNT,
        {"properties": {"allowSharedKeyAccess": False}},
        {"properties": {}},
        ("properties", "allowSharedKeyAccess"),
    ),
    "a switch that is on": (NETWORK, net(), net(enableVmProtection=True), ("properties", "enableVmProtection")),
    "the case of a tag's value": (NETWORK, {"tags": {"a": "x"}}, {"tags": {"a": "X"}}, ("tags", "a")),
    "the case of a name in a definition": (
        WORKFLOW,
        {"properties": {"definition": {"uri": "/subscriptions/A"}}},
        {"properties": {"definition": {"uri": "/subscriptions/a"}}},
        ("properties", "definition", "uri"),
    ),
    "the order of steps in a definition": (
        WORKFLOW,
        {"properties": {"definition": {"and": ["a", "b"]}}},
        {"properties": {"definition": {"and": ["b", "a"]}}},
        ("properties", "definition", "and"),
    ),
    "a switch in a definition": (
        WORKFLOW,
        {"properties": {"definition": {}}},
        {"properties": {"definition": {"on": False}}},
        ("properties", "definition", "on"),
    ),
    "which identity it is": (
        IDENTITY,
        {"properties": {"principalId": GUID}},
        {"properties": {"principalId": OTHER}},
        ("properties", "principalId"),
    ),
    "an object in the place of a list": (
        NETWORK,
        net(),
        net(ipAllocations={"id": "x"}),
        ("properties", "ipAllocations"),
    ),
}


@pytest.mark.parametrize("case", ALIKE)
def test_what_arm_writes_otherwise_is_the_same(case: str) -> None:
    kind, was, now = ALIKE[case]
    assert differences(kind, was, now) == ()


@pytest.mark.parametrize("case", UNLIKE)
def test_what_somebody_sets_is_a_difference_at_its_place(case: str) -> None:
    kind, was, now, path = UNLIKE[case]
    assert {one.path[: len(path)] for one in differences(kind, was, now)} == {path}


def test_what_arm_adds_to_what_was_asked_for_is_no_difference() -> None:
    asked, found = net(subnet("a")), net(subnet("a", addressPrefix="10.0.0.0/24"), enableVmProtection=True)
    assert differences(NETWORK, asked, found, given_only=True) == ()
    assert [one.was for one in differences(NETWORK, asked, found)] == [ABSENT, ABSENT]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("aB/", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aB", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([NETWORK, ACCOUNT, SET, WORKFLOW, None]))
def test_every_document_says_the_same_as_itself(document: Any, kind: str | None) -> None:
    assert (
        differences(kind, {"properties": document, "tags": document}, {"tags": document, "properties": document}) == ()
    )
