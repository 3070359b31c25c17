"""What must exist once in a subscription before nodes and timers may delete a run's groups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tfinfra.azure.clients import put_json
from tfinfra.azure.sign_in import token_refused
from tfinfra.azure.standing import deleter_role
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, ProvisioningError
from tfinfra.roles import GROUP_DELETER, ROLES_API, az_form, definition_path, group_deleter, group_deleter_id


@dataclass(frozen=True)
class MadeRole:
    """`made` is false where it was there already; `id` is ARM's."""

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
        return MadeRole(GROUP_DELETER, definition_path(subscription, there), made=False)
    path, body = definition_path(subscription, group_deleter_id(subscription)), group_deleter(subscription)
    try:
        put_json(cloud, path, body, **{"api-version": ROLES_API})
    except AzureError as error:
        if getattr(error, "status_code", None) == 401:
            raise token_refused(cloud, error) from error
        raise _refused(error, subscription, body) from error
    return MadeRole(GROUP_DELETER, path, made=True)


def _refused(error: Any, subscription: str, body: dict[str, Any]) -> CredentialsError | ProvisioningError:
    reason = " ".join(str(error.message).split())[:300]
    if getattr(error, "status_code", None) != 403:
        return ProvisioningError(f"the role '{GROUP_DELETER}' cannot be made: {reason}")
    return CredentialsError(
        f"you may not make the role '{GROUP_DELETER}' in subscription {subscription}",
        hint=f"an owner runs: az role definition create --role-definition '{json.dumps(az_form(body))}'",
    )
