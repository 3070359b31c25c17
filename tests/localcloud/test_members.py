"""What lies within another resource shows in both, and what machines have beside themselves is there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.calls import COMPUTE, SET, VNET, Arm, scale_set

RULES = f"{COMPUTE}/providers/Microsoft.Network/networkSecurityGroups/rules"
RULE = {"priority": 100, "direction": "Inbound", "access": "Deny", "protocol": "*"}
ENDS = {
    "sourceAddressPrefix": "*",
    "destinationAddressPrefix": "*",
    "sourcePortRange": "*",
    "destinationPortRange": "*",
}
EXTENSION = {"properties": {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript"}}
MEMBERS: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "a security rule": (RULES, "securityRules", {"properties": {**RULE, **ENDS}}, ("securityRules",)),
    "a subnet": (VNET, "subnets", {"properties": {"addressPrefix": "10.1.9.0/24"}}, ("subnets",)),
    "an extension": (SET, "extensions", EXTENSION, ("virtualMachineProfile", "extensionProfile", "extensions")),
}


@pytest.fixture(params=["Flexible", "Uniform"])
def made(arm: Arm, request: pytest.FixtureRequest) -> Arm:
    arm.make_all()
    assert arm.put(RULES, {"location": "eastus", "properties": {}}).status == 201
    assert arm.put(SET, scale_set(request.param)).status == 201
    arm.settle()
    return arm


def inside(arm: Arm, owner: str, place: tuple[str, ...]) -> set[str]:
    """The names of an owner's members, by its own document."""
    found = arm.get(owner).body["properties"]
    for name in place:
        found = (found or {}).get(name)
    return {one["name"] for one in found or ()}


def beside(arm: Arm, owner: str, kind: str) -> set[str]:
    return {one["name"] for one in arm.get(f"{owner}/{kind}").body["value"]}


@pytest.mark.parametrize("what", MEMBERS)
def test_a_member_that_is_written_by_itself_is_in_its_owner_s_document(what: str, made: Arm) -> None:
    owner, kind, body, place = MEMBERS[what]
    before = inside(made, owner, place)
    assert made.put(f"{owner}/{kind}/new", body).status < 300
    assert inside(made, owner, place) == beside(made, owner, kind) == {*before, "new"}
    assert made.delete(f"{owner}/{kind}/new").status < 300
    assert inside(made, owner, place) == beside(made, owner, kind) == before


def test_a_member_that_its_owner_does_not_name_any_more_is_gone(made: Arm) -> None:
    rules = [{"name": name, "properties": {**RULE, **ENDS}} for name in ("a", "b")]
    for wanted in (rules, rules[1:]):
        assert made.put(RULES, {"location": "eastus", "properties": {"securityRules": wanted}}).status < 300
        assert beside(made, RULES, "securityRules") == {one["name"] for one in wanted}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_each_write_changes_the_etag_and_keeps_the_guid(method: str, arm: Arm) -> None:
    arm.make_groups()
    document = {"location": "eastus", "properties": {}}
    before = arm.put(RULES, document).body
    assert arm.call(method, RULES, {**document, "tags": {"team": "vision"}}).status == 200
    after = arm.get(RULES).body
    assert after["properties"]["resourceGuid"] == before["properties"]["resourceGuid"]
    assert after["etag"] != before["etag"]


def machines(arm: Arm) -> list[dict[str, Any]]:
    """Those of a Flexible set are the group's, those of a Uniform one the set's own."""
    of_group: list[dict[str, Any]] = arm.get(f"{COMPUTE}/providers/Microsoft.Compute/virtualMachines").body["value"]
    of_set: list[dict[str, Any]] = arm.get(f"{SET}/virtualMachines").body["value"]
    return of_group or of_set


@pytest.mark.parametrize("kind", ["extensions", "runCommands"])
def test_a_machine_takes_extensions_and_commands_and_one_that_is_not_there_none(kind: str, made: Arm) -> None:
    machine = machines(made)[0]["id"]
    assert made.get(f"{machine}/{kind}").body == {"value": []}
    assert made.put(f"{machine}/{kind}/new", {"location": "eastus", "properties": {}}).status < 300
    assert beside(made, machine, kind) == {"new"}
    assert made.put(f"{machine}x/{kind}/new", {"location": "eastus", "properties": {}}).status == 404


def test_a_machine_has_the_interface_that_is_listed_and_one_written_anew_counts(made: Arm) -> None:
    first = machines(made)[0]
    (named,) = first["properties"]["networkProfile"]["networkInterfaces"]
    if "/virtualMachineScaleSets/" in first["id"]:
        listed = made.get(f"{SET}/networkInterfaces", query="api-version=2018-10-01").body["value"]
        assert named["id"] in {one["id"] for one in listed}
        return
    document = made.get(named["id"]).body
    assert document["properties"]["virtualMachine"]["id"] == first["id"]
    body = {"location": "eastus", "properties": {"enableIPForwarding": True, **_writable(document)}}
    assert made.put(named["id"], body).status < 300
    listed = made.get(f"{COMPUTE}/providers/Microsoft.Network/networkInterfaces").body["value"]
    assert [one["properties"].get("enableIPForwarding") for one in listed if one["id"] == named["id"]] == [True]
    assert made.get(f"{named['id']}x").status == 404


def _writable(document: dict[str, Any]) -> dict[str, Any]:
    return {"ipConfigurations": document["properties"]["ipConfigurations"]}
