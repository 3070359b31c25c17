"""azure-native's flat inputs and ARM's nested bodies, and where each resource is."""

from __future__ import annotations

from typing import Any

import pytest

from tfinfra.arm.body_shapes import body_type, from_arm, to_arm
from tfinfra.arm.kinds import UnknownKind, kind_of

ARM: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "what has no place of its own goes under properties": (
        "network:NatGateway",
        {"location": "eastus", "idleTimeoutInMinutes": 4.0, "sku": {"name": "Standard"}},
        {"location": "eastus", "sku": {"name": "Standard"}, "properties": {"idleTimeoutInMinutes": 4}},
    ),
    "also in lists and deeper down": (
        "network:VirtualNetwork",
        {"subnets": [{"name": "nodes", "addressPrefix": "10.0.0.0/24", "natGateway": {"id": "/nat"}}]},
        {
            "properties": {
                "subnets": [
                    {"name": "nodes", "properties": {"addressPrefix": "10.0.0.0/24", "natGateway": {"id": "/nat"}}}
                ]
            }
        },
    ),
    "a list of identities becomes an object": (
        "managedidentity:UserAssignedIdentity",
        {"location": "eastus", "tags": {"a": "b"}},
        {"location": "eastus", "tags": {"a": "b"}},
    ),
    "free documents stay as they are": (
        "logic:Workflow",
        {"definition": {"actions": {"x": {"properties": {"y": 1.0}}}}, "location": "eastus"},
        {"location": "eastus", "properties": {"definition": {"actions": {"x": {"properties": {"y": 1}}}}}},
    ),
}


@pytest.mark.parametrize(("token", "native", "arm"), ARM.values(), ids=ARM.keys())
def test_native_inputs_become_an_arm_body_and_come_back(
    token: str, native: dict[str, Any], arm: dict[str, Any]
) -> None:
    kind = kind_of(f"azure-native:{token}")
    shape = body_type(kind.arm_type, kind.api_version)
    assert to_arm(shape, native) == arm
    assert from_arm(shape, arm) == native


def test_identities_are_a_list_for_azure_native_and_an_object_for_arm() -> None:
    shape = body_type("Microsoft.Compute/virtualMachineScaleSets", "2024-11-01")
    native = {"identity": {"type": "UserAssigned", "userAssignedIdentities": ["/one"]}}
    assert to_arm(shape, native)["identity"]["userAssignedIdentities"] == {"/one": {}}


def test_the_type_of_an_extension_is_below_its_properties_though_arm_has_a_read_only_one_above() -> None:
    shape = body_type("Microsoft.Compute/virtualMachineScaleSets", "2024-11-01")
    native = {"virtualMachineProfile": {"extensionProfile": {"extensions": [{"name": "x", "type": "Script"}]}}}
    profile = to_arm(shape, native)["properties"]["virtualMachineProfile"]
    assert profile["extensionProfile"]["extensions"] == [{"name": "x", "properties": {"type": "Script"}}]


PATHS = {
    "a group": ("resources:ResourceGroup", {"resourceGroupName": "g"}, "/subscriptions/s/resourceGroups/g"),
    "a resource": (
        "logic:Workflow",
        {"resourceGroupName": "g", "workflowName": "w"},
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w",
    ),
    "a container, below ARM's fixed service": (
        "storage:BlobContainer",
        {"resourceGroupName": "g", "accountName": "a", "containerName": "run"},
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/run",
    ),
    "an assignment, on whatever it is about": (
        "authorization:RoleAssignment",
        {"scope": "/x/y", "roleAssignmentName": "n"},
        "/x/y/providers/Microsoft.Authorization/roleAssignments/n",
    ),
}


@pytest.mark.parametrize(("token", "inputs", "path"), PATHS.values(), ids=PATHS.keys())
def test_where_a_resource_is(token: str, inputs: dict[str, Any], path: str) -> None:
    assert kind_of(f"azure-native:{token}").path(inputs, "s") == path


def test_a_version_in_the_token_is_the_version_that_arm_is_asked_for() -> None:
    assert kind_of("azure-native:network/v20230901:NatGateway").api_version == "2023-09-01"
    assert kind_of("azure-native:network/v20230901preview:NatGateway").api_version == "2023-09-01-preview"


def test_what_the_local_cloud_has_not_is_said() -> None:
    with pytest.raises(UnknownKind, match="keyvault:Vault"):
        kind_of("azure-native:keyvault:Vault")
