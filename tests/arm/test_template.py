"""Requests as a template: groups first, everything else in nested deployments, and every value literal."""

from __future__ import annotations

from typing import Any

from tests.azure.preflight.replies import SUB, request
from tfinfra.arm.template import subscription_template

KEEP, COMPUTE = "/resourceGroups/keep", "/resourceGroups/compute"
ACCOUNT = f"{KEEP}/providers/Microsoft.Storage/storageAccounts/blobs"
NODES = f"{KEEP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes"
REQUESTS = (
    request(KEEP, {"location": "eastus", "tags": {"a": "[b]"}}, "2024-03-01"),
    request(ACCOUNT),
    request(f"{ACCOUNT}/blobServices/default/containers/run", {"properties": {}}),
    request(NODES),
    request(
        f"{SUB}{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/r".removeprefix(SUB), {"properties": {}}
    ),
    request(COMPUTE),
    request(f"{COMPUTE}/providers/Microsoft.Compute/virtualMachineScaleSets/set", {"identity": {SUB + NODES: {}}}),
    request(f"{COMPUTE}/providers/Microsoft.Network/natGateways/nat"),
)


def by_name(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {r["name"]: r for r in resources}


def nested(group: str) -> dict[str, dict[str, Any]]:
    deployments = [r for r in subscription_template(REQUESTS)["resources"] if r["type"].endswith("/deployments")]
    (found,) = [d for d in deployments if d["resourceGroup"] == group]
    return by_name(found["properties"]["template"]["resources"])


def test_the_groups_come_first_and_the_keep_groups_content_before_the_compute_groups() -> None:
    resources = subscription_template(REQUESTS)["resources"]
    assert [(r["type"].rpartition("/")[2], r["name"]) for r in resources] == [
        ("resourceGroups", "keep"),
        ("resourceGroups", "compute"),
        ("deployments", "keep"),
        ("deployments", "compute"),
    ]
    assert resources[3]["dependsOn"] == [
        "Microsoft.Resources/resourceGroups/compute",
        "Microsoft.Resources/deployments/keep",
    ]


def test_a_resource_comes_after_its_parent_and_what_it_extends() -> None:
    keep = nested("keep")
    assert keep["blobs/default/run"]["dependsOn"] == [SUB + ACCOUNT]
    assert keep["r"]["dependsOn"] == [SUB + ACCOUNT]
    assert keep["r"]["scope"] == "Microsoft.Storage/storageAccounts/blobs"
    assert "dependsOn" not in keep["nodes"]


def test_what_lies_in_the_other_group_is_no_dependency_of_its_own() -> None:
    assert "dependsOn" not in nested("compute")["set"]


def test_text_that_looks_like_an_expression_is_escaped() -> None:
    (keep, *_) = subscription_template(REQUESTS)["resources"]
    assert keep["tags"] == {"a": "[[b]"}
    assert (keep["apiVersion"], keep["location"]) == ("2024-03-01", "eastus")
