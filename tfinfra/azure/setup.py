"""What must exist once in a subscription before nodes and timers may delete a run's groups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tfinfra.arm.deleter_role import ROLES_API, az_form, definition_path, group_deleter, group_deleter_id
from tfinfra.azure.clients import put_json
from tfinfra.azure.identity.sign_in import token_refused
from tfinfra.azure.prerequisites import deleter_role
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, ProvisioningError

NAME_TAKEN = "RoleDefinitionWithSameNameExists"


@dataclass(frozen=True)
class MadeRole:
    """`role` is its name; `made` is false where it was there already; `id` is ARM's."""

    role: str
    id: str
    made: bool


def make_group_deleter(cloud: Cloud) -> MadeRole:
    """Makes the custom role, unless the subscription has it. Raises CredentialsError with the line that an owner runs
    where the caller may not, ProvisioningError."""
    from azure.core.exceptions import AzureError

    subscription = cloud.subscription_id
    there = deleter_role(cloud)
    if there is not None:
        named, guid = str(there["properties"]["roleName"]), str(there["name"])
        return MadeRole(named, definition_path(subscription, guid), made=False)
    path, body = definition_path(subscription, group_deleter_id(subscription)), group_deleter(subscription)
    try:
        put_json(cloud, path, body, **{"api-version": ROLES_API})
    except AzureError as error:
        if getattr(error, "status_code", None) == 401:
            raise token_refused(cloud, error) from error
        raise _refused(error, subscription, body) from error
    return MadeRole(str(body["properties"]["roleName"]), path, made=True)


def _refused(error: Any, subscription: str, body: dict[str, Any]) -> CredentialsError | ProvisioningError:
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
