"""Where a run's object store is, for whoever has no record of the run: asked of ARM, never put together from names."""

from __future__ import annotations

from typing import Any

from tfinfra.azure.answers import is_gone, reason, values
from tfinfra.azure.clients import get_json
from tfinfra.azure.sign_in import token_refused
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError

STORAGE_API = "2024-01-01"
CONTAINER = "run"  # as stacks/run.py names it


def run_store(cloud: Cloud, group: str) -> str | None:
    """The URL of the run's container in its keep group: the account's own blob endpoint and the container's name. None
    where there is no such container (yet). Raises ProvisioningError where ARM does not say,
    CredentialsError."""
    from azure.core.exceptions import AzureError

    base = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts"
    try:
        accounts = values(get_json(cloud, base, **{"api-version": STORAGE_API}))
        found = [a for a in accounts if _endpoint(a) and _has_container(cloud, f"{base}/{a['name']}")]
    except AzureError as error:
        if is_gone(error):
            return None
        if getattr(error, "status_code", None) == 401:
            raise token_refused(cloud, error) from error
        raise ProvisioningError(f"the storage accounts of {group} cannot be listed: {reason(error)}") from error
    return f"{_endpoint(found[0]).rstrip('/')}/{CONTAINER}" if found else None


def _endpoint(account: dict[str, Any]) -> str:
    endpoints = (account.get("properties") or {}).get("primaryEndpoints") or {}
    return str(endpoints.get("blob") or "")


def _has_container(cloud: Cloud, account: str) -> bool:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        get_json(cloud, f"{account}/blobServices/default/containers/{CONTAINER}", **{"api-version": STORAGE_API})
    except ResourceNotFoundError as error:
        if is_gone(error):
            return False
        raise
    return True
