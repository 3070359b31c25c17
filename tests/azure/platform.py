"""What a platform team makes for runs of others, in the local cloud and through its ARM: an identity, a container, a
reaper, and the grants that they need."""

from __future__ import annotations

from typing import Any

from stacks.timer import definition
from tests.azure.arm_calls import put, send
from tests.localcloud.calls import BLOB_CONTRIBUTOR, GROUP_DELETER, SUB
from tests.stacks.plans import THEIR_IDENTITY, THEIR_REAPER
from tfinfra.azure.clients import get_json
from tfinfra.cloud import Cloud

GROUP = f"{SUB}/resourceGroups/platform"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/teamruns"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/runs"


def make_identity(cloud: Cloud, *roles: tuple[str, str]) -> None:
    """The identity, with `roles` as (scope, role)."""
    put(cloud, THEIR_IDENTITY, "2023-01-31", {"location": "eastus"})
    principal = get_json(cloud, THEIR_IDENTITY, **{"api-version": "2023-01-31"})["properties"]["principalId"]
    for number, (scope, role) in enumerate(roles):
        definition_id = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        properties = {"roleDefinitionId": definition_id, "principalId": principal}
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{_grant(number)}"
        put(cloud, path, "2022-04-01", {"properties": {**properties, "principalType": "ServicePrincipal"}})


def make_group(cloud: Cloud) -> None:
    put(cloud, GROUP, "2024-03-01", {"location": "eastus"})


def make_store(cloud: Cloud) -> None:
    account = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
    put(cloud, ACCOUNT, "2024-01-01", account)
    put(cloud, CONTAINER, "2024-01-01", {"properties": {"publicAccess": "None"}})


def make_reaper(cloud: Cloud, run: str, state: str = "Enabled") -> None:
    """A workflow that deletes the groups of `run`; its identity is the one above."""
    flow = definition({"compute": f"tfinfra-{run}-compute"}, THEIR_IDENTITY, {"compute": "2126-11-30T10:00:00Z"})
    values = {"subscription": SUB.rpartition("/")[2]}
    parameters = {name: {"type": "String", "value": value} for name, value in values.items()}
    body: dict[str, Any] = {
        "location": "eastus",
        "tags": {"tfinfra-run": run},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {THEIR_IDENTITY: {}}},
        "properties": {"state": state, "definition": flow, "parameters": parameters},
    }
    put(cloud, THEIR_REAPER, "2019-05-01", body)


def make_all(cloud: Cloud, run: str) -> None:
    """Everything, granted as a platform team would: blobs, and the deletion of groups in the subscription."""
    make_group(cloud)
    make_store(cloud)
    make_identity(cloud, (ACCOUNT, BLOB_CONTRIBUTOR), (SUB, GROUP_DELETER), (SUB, BLOB_CONTRIBUTOR))
    make_reaper(cloud, run)


def remove(cloud: Cloud) -> None:
    """Grants on the subscription do not die with a group."""
    for number in range(3):
        send(cloud, "DELETE", f"{SUB}/providers/Microsoft.Authorization/roleAssignments/{_grant(number)}", "2022-04-01")
    send(cloud, "DELETE", f"{SUB}/resourceGroups/platform", "2024-03-01")


def _grant(number: int) -> str:
    return f"44444444-4444-4444-4444-00000000000{number}"
