"""The one role of its own that tfinfra needs in a subscription: what may delete a run's groups, and nothing in them.

No built-in role is as narrow (learn.microsoft.com/azure/role-based-access-control/built-in-roles): the built-in
"Resource Group Contributor" may write groups too, so a node that had it could move its own group's expiry.
Role definitions do not die with a group, so `tfinfra setup azure` makes it once; the local cloud makes it on its first
start.
"""

from __future__ import annotations

import uuid
from typing import Any

GROUP_DELETER = "tfinfra group deleter"
GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
ROLES_API = "2022-04-01"
DELETER_ACTIONS = (f"{GROUPS}/read", f"{GROUPS}/delete")
_NAMES = uuid.UUID("6f1d2c1e-5a0b-5c8e-9d2f-7b1f0a4c3e55")


def setup_command(subscription: str | None) -> str:
    """The command that makes the role. It takes the subscription's id, because a target may have no name of its own;
    "ID" where that is not known."""
    return f"tfinfra setup azure --subscription {subscription or 'ID'}"


def group_deleter_names(subscription: str) -> tuple[str, str]:
    """What the role may be called: its own name first, then the one without the subscription, which an owner may have
    given it by hand."""
    return name_within(subscription, GROUP_DELETER), GROUP_DELETER


def group_deleter_id(subscription: str) -> str:
    """The GUID under which the role is made; the same as in stacks/roles.py, which imports nothing of tfinfra."""
    return str(uuid.uuid5(_NAMES, f"{subscription.lower()}|{GROUP_DELETER}"))


def group_deleter(subscription: str) -> dict[str, Any]:
    """The role as the body of a PUT."""
    name = name_within(subscription, GROUP_DELETER)
    return custom_role(subscription, name, "Reads and deletes resource groups of tfinfra", DELETER_ACTIONS)


def name_within(subscription: str, name: str) -> str:
    """The name that a custom role has in this subscription: with the beginning of its id, as names of custom roles are
    unique in a whole tenant (MicrosoftDocs/azure-docs#60446)."""
    return f"{name} {subscription.partition('-')[0]}"


def custom_role(subscription: str, name: str, description: str, actions: tuple[str, ...]) -> dict[str, Any]:
    """A custom role of one subscription, in ARM's form."""
    permissions = {"actions": list(actions), "notActions": [], "dataActions": [], "notDataActions": []}
    properties = {
        "roleName": name,
        "description": description,
        "type": "CustomRole",
        "permissions": [permissions],
        "assignableScopes": [f"/subscriptions/{subscription}"],
    }
    return {"properties": properties}


def az_form(role: dict[str, Any]) -> dict[str, Any]:
    """The same role as `az role definition create --role-definition` takes it."""
    properties = role["properties"]
    return {
        "Name": properties["roleName"],
        "Description": properties["description"],
        "Actions": properties["permissions"][0]["actions"],
        "AssignableScopes": properties["assignableScopes"],
    }


def definition_path(subscription: str, guid: str) -> str:
    return f"/subscriptions/{subscription}/providers/{DEFINITIONS}/{guid}"


def covers(permissions: list[dict[str, Any]], action: str) -> bool:
    """Whether a role's permissions let its holder do `action` ("Microsoft.X/y/delete")."""
    from fnmatch import fnmatchcase

    def named(patterns: list[str] | None) -> bool:
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())

    return any(named(p.get("actions")) and not named(p.get("notActions")) for p in permissions)
