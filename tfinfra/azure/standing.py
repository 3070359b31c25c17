"""What a subscription has ready for a run: the role that deletes groups, and what the target says that others made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tfinfra.azure.clients import get_json
from tfinfra.azure.timer import LOGIC_API
from tfinfra.clock import spell_seconds, unix_time
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, NotFeasible
from tfinfra.model import Access
from tfinfra.roles import DEFINITIONS, GROUP_DELETER, GROUPS, ROLES_API, covers

IDENTITY_API = "2023-01-31"
STORAGE_API = "2024-01-01"
RECENT = 3600.0
"""Seconds since a reaper's last success after which it is not trusted any more."""


@dataclass(frozen=True)
class Standing:
    """`may_delete`: nodes and timer can be given the right to delete the run's groups, or have it. `deleter_role` is
    the GUID of the role for that; `identity_client_id` and `store_url` are those of what others made, None where the
    run makes its own."""

    may_delete: bool
    deleter_role: str | None = None
    identity_client_id: str | None = None
    store_url: str | None = None


def look_up(cloud: Cloud, access: Access, clock: Callable[[], float] = time.time) -> Standing:
    """Finds it all by reading. Raises NotFeasible for what is not there or cannot be read, CredentialsError."""
    if access.reaper_id:
        _check_reaper(cloud, access.reaper_id, clock())
    store_url = _store_url(cloud, access.store) if access.store else None
    if access.identity_id is None:
        role = deleter_role(cloud)
        return Standing(role is not None, role, store_url=store_url)
    identity = _read(cloud, "identity_id", access.identity_id, IDENTITY_API)["properties"]
    may = _may_delete(cloud, str(identity["principalId"]))
    return Standing(may, None, str(identity["clientId"]), store_url)


def deleter_role(cloud: Cloud) -> str | None:
    """The GUID of the subscription's role "tfinfra group deleter", whoever made it; None where there is none."""
    path = f"/subscriptions/{cloud.subscription_id}/providers/{DEFINITIONS}"
    query = {"$filter": f"roleName eq '{GROUP_DELETER}'", "api-version": ROLES_API}
    found = _ask(cloud, path, f"the role '{GROUP_DELETER}'", **query)["value"]
    able = (r for r in found if covers(r["properties"].get("permissions") or [], f"{GROUPS}/delete"))
    return next((str(role["name"]) for role in able), None)


def _may_delete(cloud: Cloud, principal: str) -> bool:
    """Whether an identity may delete groups anywhere in the subscription. Where its assignments cannot be read, the
    timer's first run will tell."""
    scope = f"/subscriptions/{cloud.subscription_id}"
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    query = {"$filter": f"principalId eq '{principal}'", "api-version": ROLES_API}
    try:
        found = _ask(cloud, path, "role assignments", **query)["value"]
    except NotFeasible:
        return True
    above = [a["properties"] for a in found if _reaches(a["properties"]["scope"], scope)]
    roles = (_ask(cloud, a["roleDefinitionId"], "a role", **{"api-version": ROLES_API}) for a in above)
    return any(covers(role["properties"].get("permissions") or [], f"{GROUPS}/delete") for role in roles)


def _reaches(scope: str, subscription: str) -> bool:
    """Whether a grant on `scope` is one on the whole subscription: given there, or on a management group."""
    return subscription.lower().startswith(scope.lower().rstrip("/")) or "/managementgroups/" in scope.lower()


def _store_url(cloud: Cloud, wanted: str) -> str:
    """The container's URL as its account gives it. Raises NotFeasible where the caller does not see it."""
    url = urlsplit(wanted)
    name, (container, *_) = url.netloc.split(".")[0], url.path.strip("/").split("/")
    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Storage/storageAccounts"
    found = _ask(cloud, path, "storage accounts", **{"api-version": STORAGE_API})["value"]
    account = next((a for a in found if a["name"] == name), None)
    if account is None:
        raise _missing("store", f"there is no storage account '{name}' in subscription {cloud.subscription_id}")
    _read(cloud, "store", f"{account['id']}/blobServices/default/containers/{container}", STORAGE_API)
    return f"{account['properties']['primaryEndpoints']['blob'].rstrip('/')}{url.path.rstrip('/')}"


def _check_reaper(cloud: Cloud, workflow: str, now: float) -> None:
    """Raises NotFeasible unless the workflow is there, enabled, and has worked lately: a run may not be the one that
    finds out that it does not."""
    state = _read(cloud, "reaper_id", workflow, LOGIC_API)["properties"].get("state")
    if state != "Enabled":
        raise _missing("reaper_id", f"the workflow {workflow} is {str(state).lower()}")
    runs = _read(cloud, "reaper_id", f"{workflow}/runs", LOGIC_API)["value"]
    done = [r["properties"]["startTime"] for r in runs if r["properties"].get("status") == "Succeeded"]
    if not any(now - unix_time(start) < RECENT for start in done):
        raise _missing("reaper_id", f"no run of {workflow} has succeeded within {spell_seconds(RECENT)}")


def _read(cloud: Cloud, key: str, path: str, version: str) -> Any:
    """What `key` of the target names."""
    return _ask(cloud, path, f"{key} of the target", **{"api-version": version})


def _ask(cloud: Cloud, path: str, what: str, **query: str) -> Any:
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        return get_json(cloud, path, **query)
    except ClientAuthenticationError as error:
        raise CredentialsError(f"{what} cannot be read: {error.message}") from error
    except AzureError as error:
        reason = getattr(getattr(error, "error", None), "message", None) or error.message
        told = f"{what} cannot be read: {' '.join(str(reason).split())[:300]}"
        raise NotFeasible(told, hint=f"it must be there, and readable for you, in {cloud.subscription_id}") from error


def _missing(key: str, what: str) -> NotFeasible:
    return NotFeasible(f"{key} of the target: {what}", hint="ask whoever made it; without the key a run makes its own")
