"""Where a run's object store and share are, for a client without a record of the run: ARM says it; it is never put
together from names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfinfra.azure.answers import is_gone, reason, values
from tfinfra.azure.clients import get_json
from tfinfra.azure.identity.refused_token import token_refused
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError

STORAGE_API = "2024-01-01"
CONTAINER, SHARE = "run", "shared"  # as stacks/run.py names them


def run_store(cloud: Cloud, group: str) -> str | None:
    """The URL of the run's container in its keep group: the account's own blob endpoint and the container's name. None
    where there is no such container (yet). Raises ProvisioningError where ARM does not say,
    CredentialsError."""
    base = _accounts(cloud, group)
    found = _asked(
        cloud, group, lambda: [a for a in _listed(cloud, base) if _has_container(cloud, f"{base}/{a['name']}")]
    )
    return f"{_endpoint(found[0], 'blob').rstrip('/')}/{CONTAINER}" if found else None


def run_share(cloud: Cloud, group: str) -> str | None:
    """The URL of the share in a keep group that all tasks of the run see as one directory, None where there is none.
    Raises as `run_store`."""
    accounts = _asked(cloud, group, lambda: _listed(cloud, _accounts(cloud, group), "file"))
    found = [a for a in accounts if a.get("kind") == "FileStorage"]
    return f"{_endpoint(found[0], 'file').rstrip('/')}/{SHARE}" if found else None


def _accounts(cloud: Cloud, group: str) -> str:
    return f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts"


def _listed(cloud: Cloud, base: str, service: str = "blob") -> list[dict[str, Any]]:
    """The accounts that have an endpoint for the service."""
    return [a for a in values(get_json(cloud, base, **{"api-version": STORAGE_API})) if _endpoint(a, service)]


def _asked(cloud: Cloud, group: str, ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What ARM says, nothing where the group has gone."""
    from azure.core.exceptions import AzureError

    try:
        return ask()
    except AzureError as error:
        if is_gone(error):
            return []
        if getattr(error, "status_code", None) == 401:
            raise token_refused(cloud, error) from error
        raise ProvisioningError(f"the storage accounts of {group} cannot be listed: {reason(error)}") from error


def _endpoint(account: dict[str, Any], service: str) -> str:
    endpoints = (account.get("properties") or {}).get("primaryEndpoints") or {}
    return str(endpoints.get(service) or "")


def _has_container(cloud: Cloud, account: str) -> bool:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        get_json(cloud, f"{account}/blobServices/default/containers/{CONTAINER}", **{"api-version": STORAGE_API})
    except ResourceNotFoundError as error:
        if is_gone(error):
            return False
        raise
    return True
