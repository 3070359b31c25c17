"""What the keep stack of a run exports, as ARM has it: for a client that has not made the stack."""

from __future__ import annotations

from typing import Any

from tfinfra.azure.answers import is_gone, reason
from tfinfra.azure.clients import get_json
from tfinfra.azure.stores import run_share, run_store
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError
from tfinfra.model import Access

_API = "2023-01-31"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"


def keep_outputs(cloud: Cloud, run: str, group: str, access: Access) -> dict[str, Any]:
    """{"store", "shared", "identityId", "identityClientId", "timerIdentityId"} as the stack's own outputs; None for
    what the run has none of. Raises ProvisioningError where ARM does not say, or something is not there."""
    below = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/{_IDENTITIES}/{run}"
    nodes = None if access.identity_id else _identity(cloud, f"{below}-nodes")
    timer = None if access.reaper_id else _identity(cloud, f"{below}-timer")
    if not access.identity_id and nodes is None:
        raise _unfinished(group, "the nodes' identity")
    store = None if access.store else run_store(cloud, group)
    if not access.store and store is None:
        raise _unfinished(group, "the store")
    return {
        "store": _place(store, "container"),
        "shared": _place(run_share(cloud, group), "share"),
        "identityId": access.identity_id or (nodes or {}).get("id"),
        "identityClientId": nodes["properties"]["clientId"] if nodes else None,
        "timerIdentityId": timer["id"] if timer else None,
    }


def _identity(cloud: Cloud, id_: str) -> dict[str, Any] | None:
    """An identity as ARM has it, None where there is none."""
    from azure.core.exceptions import AzureError

    try:
        found: dict[str, Any] = get_json(cloud, id_, **{"api-version": _API})
    except AzureError as error:
        if is_gone(error):
            return None
        raise ProvisioningError(f"the identity {id_} cannot be read: {reason(error)}") from error
    return found


def _place(url: str | None, name: str) -> dict[str, str] | None:
    """A container or share as the stack tells of it: its endpoint and its name."""
    if url is None:
        return None
    endpoint, _, last = url.rpartition("/")
    return {"endpoint": endpoint, name: last}


def _unfinished(group: str, what: str) -> ProvisioningError:
    return ProvisioningError(
        f"{group} has not got {what}", hint="`pulumi up` of the keep stack makes it: run it to its end"
    )
