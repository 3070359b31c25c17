"""The built-in roles that runs and their callers have, with Azure's own ids and actions.

Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles, a page for each category.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfinfra.arm.deleter_role import DEFINITIONS, GROUPS
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

BLOB_WRITER = "Storage Blob Data Contributor"
BLOB_READER = "Storage Blob Data Reader"
_GRANTS = ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete")
_RESOURCES = "Microsoft.Resources/subscriptions"


@dataclass(frozen=True)
class BuiltinRole:
    """It permits `actions` but for those of `excepted`. What Azure's roles say of data counts in stores alone."""

    name: str
    actions: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()


BUILT_IN: dict[str, BuiltinRole] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": BuiltinRole("Owner", ("*",)),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": BuiltinRole(
        "Contributor",
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ),
    ),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": BuiltinRole("Reader", ("*/read",)),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": BuiltinRole(
        "User Access Administrator", ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")
    ),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": BuiltinRole(
        "Role Based Access Control Administrator", (*_GRANTS, "*/read", "Microsoft.Support/*")
    ),
    "4a9ae827-6dc8-4573-8ac7-8239d42aa03f": BuiltinRole(
        "Tag Contributor",
        (
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/deployments/*",
            f"{GROUPS}/read",
            f"{GROUPS}/resources/read",
            f"{_RESOURCES}/resources/read",
            "Microsoft.Support/*",
            "Microsoft.Resources/tags/*",
        ),
    ),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": BuiltinRole(
        BLOB_WRITER,
        tuple(
            f"Microsoft.Storage/storageAccounts/blobServices/containers/{verb}" for verb in ("delete", "read", "write")
        ),
    ),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": BuiltinRole(
        BLOB_READER, ("Microsoft.Storage/storageAccounts/blobServices/containers/read",)
    ),
}


def documents() -> list[dict[str, Any]]:
    """All of them, as ARM lists them."""
    found = []
    for guid, role in BUILT_IN.items():
        permissions = {"actions": list(role.actions), "notActions": list(role.excepted)}
        properties = {
            "roleName": role.name,
            "type": "BuiltInRole",
            "permissions": [{**permissions, "dataActions": [], "notDataActions": []}],
            "assignableScopes": ["/"],
        }
        path = f"/subscriptions/{SUBSCRIPTION}/providers/{DEFINITIONS}/{guid}"
        found.append({"id": path, "type": DEFINITIONS, "name": guid, "properties": properties})
    return found
