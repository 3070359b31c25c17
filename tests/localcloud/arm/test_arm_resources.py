"""Resources over ARM: what is taken, what is refused and with which code, what lists and filters answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.calls import ACCOUNT, BLOB_CONTRIBUTOR, COMPUTE, IDENTITY, KEEP, SET, SUB, VNET, Arm, scale_set
from tfinfra.arm.deleter_role import group_deleter_names
from tfinfra.localcloud.common import tokens


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`body` with `value` at the dotted path; None takes the member away."""
    head, _, rest = path.partition(".")
    if rest:
        return {**body, head: changed(body.get(head, {}), rest, value)}
    return {k: v for k, v in {**body, head: value}.items() if v is not None}


PROFILE = "properties.virtualMachineProfile"
REFUSED = {
    "a misspelt property": (("properties.overprovisoin", False), 400, "InvalidRequestContent"),
    "a number where a string is expected": (("location", 7), 400, "InvalidRequestContent"),
    "an unknown value of an enumeration": (("properties.orchestrationMode", "Flexibel"), 400, "InvalidParameter"),
    "no location": (("location", None), 400, "LocationRequired"),
    "overprovisioning of a Flexible set": (("properties.overprovision", False), 400, "InvalidParameter"),
    "InfiniBand in a Flexible set": (("sku.name", "Standard_ND96asr_v4"), 400, "InvalidParameter"),
    "custom data that is not base64": ((f"{PROFILE}.osProfile.customData", "%%"), 400, "InvalidParameter"),
    "custom data above 64 KB": ((f"{PROFILE}.osProfile.customData", "QUJD" * 22_000), 400, "InvalidParameter"),
    "an eviction policy without spot": (
        (f"{PROFILE}.evictionPolicy", "Delete"),
        400,
        "EvictionPolicyCanBeSetOnlyOnAzureSpotVirtualMachines",
    ),
    "an identity that does not exist": (
        ("identity.userAssignedIdentities", {f"{IDENTITY}-other": {}}),
        400,
        "InvalidResourceReference",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_scale_set_is_refused_with_the_code_of_arm(arm: Arm, case: str) -> None:
    (path, value), status, code = REFUSED[case]
    arm.make_all()
    reply = arm.put(SET, changed(scale_set(), path, value))
    assert (reply.status, reply.code) == (status, code)
    assert arm.get(SET).status == 404


UNIFORM_REFUSED = {
    "overprovisioning": ("properties.overprovision", True, "OperationNotAllowed"),
    "overprovisioning left to its default": ("properties.overprovision", None, "OperationNotAllowed"),
    "automatic upgrades": ("properties.upgradePolicy.mode", "Automatic", "OperationNotAllowed"),
    "an upgrade policy that says no mode": (
        "properties.upgradePolicy",
        {"rollingUpgradePolicy": {"maxBatchInstancePercent": 20}},
        "OperationNotAllowed",
    ),
    "no upgrade policy": ("properties.upgradePolicy", None, "InvalidParameter"),
    "more than a placement group holds": ("sku.capacity", 101, "InvalidParameter"),
}


@pytest.mark.parametrize("case", UNIFORM_REFUSED)
def test_a_uniform_set_is_refused(arm: Arm, case: str) -> None:
    path, value, code = UNIFORM_REFUSED[case]
    arm.make_all()
    assert arm.put(SET, changed(scale_set("Uniform"), path, value)).code == code


def test_faults_of_the_request_itself(arm: Arm) -> None:
    arm.make_groups()
    assert arm.get(KEEP, query="").code == "MissingApiVersionParameter"
    assert arm.get(KEEP, authorization="Bearer x.y.z").status == 401
    assert arm.get(KEEP, host="evil.example").status == 421
    assert arm.get(f"{SUB}/resourceGroups/other").code == "ResourceGroupNotFound"
    assert arm.get(ACCOUNT).code == "ResourceNotFound"
    assert arm.put(ACCOUNT, {}, query="api-version=1999-01-01").code == "NoRegisteredProviderFound"
    assert arm.put(f"{KEEP}/providers/Microsoft.Storage/nothing/x", {}).code == "InvalidResourceType"
    assert arm.put(f"{ACCOUNT}/blobServices/default/containers/run", {}).code == "ParentResourceNotFound"
    assert arm.put(IDENTITY.replace("-keep", "-other"), {"location": "eastus"}).code == "ResourceGroupNotFound"
    assert arm.call("POST", KEEP, {}).status == 405


def test_an_expired_token_is_refused(arm: Arm) -> None:
    old = tokens.mint(b"k" * 32, tokens.OWNER_OID, arm.now - 7200, 3600)
    assert arm.get(f"{SUB}/resourcegroups", authorization=f"Bearer {old}").status == 401


def test_storage_is_folders_with_file_urls(arm: Arm) -> None:
    arm.make_groups()
    arm.make_account()
    container = arm.put(f"{ACCOUNT}/blobServices/default/containers/run", {"properties": {}})
    share = arm.put(f"{ACCOUNT}/fileServices/default/shares/shared", {"properties": {"shareQuota": 100}})
    assert (container.status, share.status) == (201, 201)
    endpoints = arm.get(ACCOUNT).body["properties"]["primaryEndpoints"]
    assert Path(endpoints["blob"].removeprefix("file://"), "run").is_dir()
    assert Path(endpoints["file"].removeprefix("file://"), "shared").is_dir()
    assert endpoints["blob"].endswith("/blob/")


def test_a_second_put_changes_and_answers_200(arm: Arm) -> None:
    arm.make_groups()
    first = arm.make_identity()
    again = arm.put(IDENTITY, {"location": "eastus", "tags": {"a": "b"}})
    assert (again.status, again.body["properties"]["principalId"]) == (200, first)
    assert again.body["tags"] == {"a": "b"}


def test_tags_are_patched(arm: Arm) -> None:
    arm.make_groups()
    patched = arm.call("PATCH", KEEP, {"tags": {"tfinfra-expires-at": "2031-01-01T00:00:00Z"}})
    assert patched.status == 200
    assert arm.get(KEEP).body["tags"] == {"tfinfra-expires-at": "2031-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "body", [{"identity": "None"}, {"properties": [1]}, {"properties": "x"}, {"tags": ["a"]}, {"sku": 1}]
)
def test_a_patch_of_another_shape_is_refused(body: dict[str, object], arm: Arm) -> None:
    arm.make_groups()
    arm.make_identity()
    before = arm.get(IDENTITY).body
    refused = arm.call("PATCH", IDENTITY, body)
    assert (refused.status, refused.code) == (400, "InvalidRequestContent")
    assert arm.get(IDENTITY).body == before


def test_existence_is_asked_by_head(arm: Arm) -> None:
    arm.make_groups()
    assert arm.call("HEAD", KEEP).status == 204
    assert arm.call("HEAD", f"{KEEP}x").status == 404


def test_lists_and_filters(arm: Arm) -> None:
    arm.make_all()
    arm.put(f"{SUB}/resourceGroups/other", {"location": "eastus"})

    def names(path: str, filter_: str = "") -> set[str]:
        listed = arm.get(path, query=f"api-version=2024-03-01&$filter={filter_}").body["value"]
        return {r["name"] for r in listed}

    both = {"tfinfra-digits-abc123-keep", "tfinfra-digits-abc123-compute"}
    assert names(f"{SUB}/resourcegroups") == {*both, "other"}
    assert names(f"{SUB}/resourcegroups", "tagName eq 'tfinfra-run' and tagValue eq 'digits-abc123'") == both
    assert names(f"{KEEP}/resources") == {"tfi08b9424e327a73637d968", "digits-abc123-nodes"}
    assert names(f"{SUB}/resources", "resourceType eq 'Microsoft.Network/virtualNetworks'") == {"digits-abc123-vnet"}
    assert names(f"{SUB}/providers/Microsoft.Storage/storageAccounts") == {"tfi08b9424e327a73637d968"}
    assert names(f"{VNET}/subnets") == {"nodes"}
    unclear = arm.get(f"{SUB}/resourcegroups", query="api-version=2024-03-01&$filter=has 7")
    assert unclear.code == "InvalidFilterInQueryString"


@pytest.mark.parametrize(("count", "refused"), [(1, False), (2, True)])
def test_nodes_with_infiniband_stay_out_of_its_own_network(arm: Arm, count: int, refused: bool) -> None:
    arm.make_all()
    subnets = [{"name": "nodes", "properties": {"addressPrefix": "172.16.8.0/24"}}]
    space = {"addressSpace": {"addressPrefixes": ["172.16.0.0/12"]}, "subnets": subnets}
    assert arm.put(VNET, {"location": "eastus", "properties": space}).status == 200
    reply = arm.put(SET, changed(scale_set("Uniform", count), "sku.name", "Standard_ND96asr_v4"))
    assert (reply.status == 400 and "172.16.0.0/16" in reply.body["error"]["message"]) is refused, reply.body


@pytest.mark.parametrize("size", ["Standard_D8s_v5", "Standard_NC24ads_A100_v4"])
def test_others_may_be_there(arm: Arm, size: str) -> None:
    arm.make_all()
    subnets = [{"name": "nodes", "properties": {"addressPrefix": "172.16.8.0/24"}}]
    space = {"addressSpace": {"addressPrefixes": ["172.16.0.0/12"]}, "subnets": subnets}
    assert arm.put(VNET, {"location": "eastus", "properties": space}).status == 200
    assert arm.put(SET, changed(scale_set("Uniform"), "sku.name", size)).status == 201


def test_role_assignments(arm: Arm) -> None:
    arm.make_groups()
    arm.make_account()
    principal = arm.make_identity()
    other = "22222222-2222-2222-2222-222222222222"
    assert arm.grant(ACCOUNT, other, principal).code == "RoleDefinitionDoesNotExist"
    assert arm.grant(ACCOUNT, BLOB_CONTRIBUTOR, other).code == "PrincipalNotFound"
    assert arm.grant(f"{ACCOUNT}x", BLOB_CONTRIBUTOR, principal).status == 404
    assert arm.grant(ACCOUNT, BLOB_CONTRIBUTOR, principal).status == 201
    assert arm.grant(ACCOUNT, BLOB_CONTRIBUTOR, principal).status == 200
    assert arm.grant(ACCOUNT, BLOB_CONTRIBUTOR, principal, name=other).code == "RoleAssignmentExists"
    gone = f"{KEEP}x/providers/Microsoft.Authorization/roleAssignments/{other}"
    assert arm.delete(gone).code == "AuthorizationFailed"


def test_roles_are_listed_by_name(arm: Arm) -> None:
    path = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions"
    name, _ = group_deleter_names(SUB.rpartition("/")[2])
    found = arm.get(path, query=f"api-version=2022-04-01&$filter=roleName eq '{name}'").body["value"]
    assert [r["properties"]["permissions"][0]["actions"] for r in found] == [
        [
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Resources/subscriptions/resourceGroups/delete",
        ]
    ]


def test_a_locked_group_is_not_deleted(arm: Arm) -> None:
    arm.make_groups()
    lock = f"{KEEP}/providers/Microsoft.Authorization/locks/hold"
    made = arm.put(lock, {"properties": {"level": "CanNotDelete"}}, query="api-version=2020-05-01")
    assert made.status == 201
    assert arm.delete(KEEP).code == "ScopeLocked"
    assert arm.delete(lock, query="api-version=2020-05-01").status == 200
    assert arm.delete(KEEP).status == 202


def test_quotas_and_usages(arm: Arm) -> None:
    arm.make_all()
    assert arm.put("/tfinfra/quotas", {"standardDSv5Family": 15}).status == 200
    refused = arm.put(SET, scale_set())
    assert (refused.status, refused.code) == (409, "OperationNotAllowed")
    assert "New Limit Required: 16" in refused.body["error"]["message"]
    arm.put("/tfinfra/quotas", {"standardDSv5Family": 16})
    assert arm.put(SET, scale_set()).status == 201
    listed = arm.get(f"{SUB}/providers/Microsoft.Compute/locations/eastus/usages").body["value"]
    assert {u["name"]["value"]: u["currentValue"] for u in listed}["standardDSv5Family"] == 16
    skus = arm.get(f"{SUB}/providers/Microsoft.Compute/skus").body["value"]
    assert "Standard_ND96asr_v4" in {s["name"] for s in skus}


def test_what_a_group_holds_survives_another_start(arm: Arm) -> None:
    principal = arm.make_all()
    arm.put(SET, scale_set())
    arm.settle()
    before = {r.id: r for r in arm.context.state.below("")}
    arm.open()
    assert {r.id: r for r in arm.context.state.below("")} == before
    assert arm.get(IDENTITY).body["properties"]["principalId"] == principal
    assert arm.get(COMPUTE).status == 200
