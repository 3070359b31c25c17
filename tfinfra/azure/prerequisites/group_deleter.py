"""The custom role by which nodes and timers delete a run's groups: a subscription must have it once. It is found here,
and made for `tfinfra setup azure`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.arm.deleter_role import (
    DELETER_ACTIONS,
    GROUP_DELETER,
    ROLES_API,
    az_form,
    definition_path,
    group_deleter,
    group_deleter_id,
    group_deleter_names,
)
from tfinfra.azure.answers import is_gone
from tfinfra.azure.clients import put_json
from tfinfra.azure.identity.refused_token import token_refused
from tfinfra.azure.prerequisites.questions import MissingPrerequisite, read, read_list
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, ProvisioningError

NAME_TAKEN = "RoleDefinitionWithSameNameExists"


def deleter_role(cloud: Cloud) -> dict[str, Any] | None:
    """The definition of the subscription's role "tfinfra group deleter", as ARM gives it; None where there is none.

    The one with tfinfra's own id goes first, then a custom role with one of its names: `az` cannot choose the id.
    Its actions must be exactly those of the role: a wider role is given to nobody. Raises MissingPrerequisite where
    roles may not be read, NotAnswered, CredentialsError.
    """
    from azure.core.exceptions import AzureError

    subscription, what = cloud.subscription_id, f"the role '{GROUP_DELETER}'"
    path, version = definition_path(subscription, group_deleter_id(subscription)), {"api-version": ROLES_API}
    try:
        own = read(cloud, "subscription_id", path, what, **version)
        if is_deleter(own):
            found: dict[str, Any] = own
            return found
    except MissingPrerequisite as error:
        if not isinstance(error.__cause__, AzureError) or not is_gone(error.__cause__):
            raise
    definitions, query = definition_path(subscription, "").rstrip("/"), {"$filter": "type eq 'CustomRole'", **version}
    custom = read_list(cloud, "subscription_id", definitions, what, **query)
    named = {role["properties"]["roleName"]: role for role in custom if is_deleter(role)}
    return next((named[name] for name in group_deleter_names(subscription) if name in named), None)


def is_deleter(role: Mapping[str, Any]) -> bool:
    """Whether a role reads and deletes groups, and does nothing else."""
    parts: list[Mapping[str, Any]] = role["properties"].get("permissions") or []
    actions = [str(action).lower() for part in parts for action in part.get("actions") or ()]
    more = [part.get(key) for part in parts for key in ("notActions", "dataActions", "notDataActions")]
    return sorted(actions) == sorted(map(str.lower, DELETER_ACTIONS)) and not any(more)


@dataclass(frozen=True)
class MadeRole:
    """`role` is its name; `made` is false where it was there already; `id` is ARM's."""

    role: str
    id: str
    made: bool


def make_group_deleter(cloud: Cloud) -> MadeRole:
    """Makes the custom role, unless the subscription has it. Raises ProvisioningError, and CredentialsError with the
    command for an owner where the caller may not make it."""
    from azure.core.exceptions import AzureError

    subscription = cloud.subscription_id
    existing = deleter_role(cloud)
    if existing is not None:
        name, guid = str(existing["properties"]["roleName"]), str(existing["name"])
        return MadeRole(name, definition_path(subscription, guid), made=False)
    path, body = definition_path(subscription, group_deleter_id(subscription)), group_deleter(subscription)
    try:
        put_json(cloud, path, body, **{"api-version": ROLES_API})
    except AzureError as error:
        if getattr(error, "status_code", None) == 401:
            raise token_refused(cloud, error) from error
        raise _refused(error, subscription, body) from error
    return MadeRole(str(body["properties"]["roleName"]), path, made=True)


def _refused(error: Any, subscription: str, body: dict[str, Any]) -> CredentialsError | ProvisioningError:
    """The error for a refusal to make the role, with the command that helps."""
    name, reason = body["properties"]["roleName"], " ".join(str(error.message).split())[:300]
    if getattr(getattr(error, "error", None), "code", None) == NAME_TAKEN:
        return ProvisioningError(
            f"the tenant has a custom role '{name}' already, which subscription {subscription} does not see: such a "
            "name is taken in the whole tenant",
            hint=f"find it where it is (`az role definition list --custom-role-only true --name '{name}'`), and either "
            f"add /subscriptions/{subscription} to its assignable scopes (`az role definition update`) or delete it",
        )
    if getattr(error, "status_code", None) != 403:
        return ProvisioningError(f"the role '{name}' cannot be made: {reason}")
    return CredentialsError(
        f"you may not make the role '{name}' in subscription {subscription}",
        hint=f"an owner runs: az role definition create --role-definition '{json.dumps(az_form(body))}'",
    )
