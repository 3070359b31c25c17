"""Finds what a subscription has ready for a run: the role that deletes groups, and what the target names of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from tfinfra.arm.deleter_role import GROUPS, ROLES_API, covers
from tfinfra.azure.prerequisites.group_deleter import deleter_role
from tfinfra.azure.prerequisites.questions import (
    Lack,
    MissingPrerequisite,
    NotAnswered,
    read,
    read_list,
    read_named,
)
from tfinfra.azure.timer import LOGIC_API
from tfinfra.cloud import Cloud
from tfinfra.model import Access
from tfinfra.system.clock import right_now, unix_time
from tfinfra.text.wording import spell_seconds

_T = TypeVar("_T")
IDENTITY_API = "2023-01-31"
STORAGE_API = "2024-01-01"
RECENT = 3600.0
"""Seconds since a reaper's last success after which it is not trusted any more."""


@dataclass(frozen=True)
class Prerequisites:
    """`may_delete`: the run's own identities can be given the right to delete its groups. `deleter_role` is the GUID of
    the role for that; `identity_client_id` and `store_url` are those of what others made, None where the run makes its
    own; `deletes_all`: the identity of others may delete any group of the subscription, so each script that has it."""

    may_delete: bool
    deleter_role: str | None = None
    identity_client_id: str | None = None
    store_url: str | None = None
    deletes_all: bool = False


def require_prerequisites(cloud: Cloud, access: Access, clock: Callable[[], float] = right_now) -> Prerequisites:
    """What the subscription has ready, found by reading. Raises MissingPrerequisite for the first thing that is not
    there or may not be read, NotAnswered, and CredentialsError."""
    found, lacking = find_prerequisites(cloud, access, clock)
    if lacking:
        raise lacking[0]
    return found


def find_prerequisites(
    cloud: Cloud, access: Access, clock: Callable[[], float] = right_now
) -> tuple[Prerequisites, tuple[Lack, ...]]:
    """(what the subscription has ready, all that is lacking). What stands in for something that is lacking serves to
    look further, and not for a run. Raises CredentialsError."""
    lacking: list[Lack] = []

    def tried(work: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return work()
        except (MissingPrerequisite, NotAnswered) as error:
            lacking.append(error)
            return otherwise

    if access.reaper_id:
        tried(partial(_check_reaper, cloud, access.reaper_id, clock()), None)
    store_url = tried(partial(_store_url, cloud, access.store), access.store) if access.store else None
    role = tried(partial(deleter_role, cloud), None)
    guid = str(role["name"]) if role else None
    if access.identity_id is None:
        return Prerequisites(role is not None, guid, store_url=store_url), tuple(lacking)
    wide, client = tried(partial(_identity, cloud, access.identity_id), (False, ""))
    may = role is not None and not access.reaper_id and _may_assign(cloud)
    return Prerequisites(may, guid if may else None, client, store_url, wide), tuple(lacking)


def _identity(cloud: Cloud, id_: str) -> tuple[bool, str]:
    """(whether an identity may delete any group, its client id)."""
    found = read_named(cloud, "identity_id", id_, IDENTITY_API)["properties"]
    return _deletes_all(cloud, str(found["principalId"])), str(found["clientId"])


def _may_assign(cloud: Cloud) -> bool:
    """Whether the caller can give the timer's own identity its right. Where that cannot be read, ARM will tell."""
    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Authorization/permissions"
    try:
        found = read_list(cloud, "subscription_id", path, "your permissions", **{"api-version": ROLES_API})
    except (MissingPrerequisite, NotAnswered):
        return True
    return covers(found, "Microsoft.Authorization/roleAssignments/write")


def _deletes_all(cloud: Cloud, principal: str) -> bool:
    """Whether an identity may delete groups anywhere in the subscription, as far as its assignments can be read."""
    subscription, version = f"/subscriptions/{cloud.subscription_id}", {"api-version": ROLES_API}
    path = f"{subscription}/providers/Microsoft.Authorization/roleAssignments"
    query = {"$filter": f"principalId eq '{principal}'", **version}
    try:
        assignments = read_list(cloud, "identity_id", path, "role assignments", **query)
    except (MissingPrerequisite, NotAnswered):
        return False
    for given in (assignment["properties"] for assignment in assignments):
        scope = given["scope"].lower().rstrip("/")
        # given on the subscription, or on a management group above it
        if subscription.lower().startswith(scope) or "/managementgroups/" in scope:
            role = read(cloud, "identity_id", given["roleDefinitionId"], "a role", **version)
            if covers(role["properties"].get("permissions") or [], f"{GROUPS}/delete"):
                return True
    return False


def _store_url(cloud: Cloud, store: str) -> str:
    """The URL of the target's `store`, a container, as its account gives it. Raises MissingPrerequisite where the
    caller does not see it."""
    url = urlsplit(store)
    name, (container, *_) = url.netloc.split(".")[0], url.path.strip("/").split("/")
    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Storage/storageAccounts"
    found = read_list(cloud, "store", path, "storage accounts", **{"api-version": STORAGE_API})
    account = next((a for a in found if a["name"] == name), None)
    if account is None:
        raise _missing("store", f"there is no storage account '{name}' in subscription {cloud.subscription_id}")
    read_named(cloud, "store", f"{account['id']}/blobServices/default/containers/{container}", STORAGE_API)
    return f"{account['properties']['primaryEndpoints']['blob'].rstrip('/')}{url.path.rstrip('/')}"


def _check_reaper(cloud: Cloud, workflow: str, now: float) -> None:
    """Raises MissingPrerequisite unless the workflow is there, enabled, and has worked lately: no run should be the one
    that finds out that it does not."""
    state = read_named(cloud, "reaper_id", workflow, LOGIC_API)["properties"].get("state")
    if state != "Enabled":
        raise _missing("reaper_id", f"the workflow {workflow} is {str(state).lower()}")
    runs = read_list(cloud, "reaper_id", f"{workflow}/runs", "reaper_id of the target", **{"api-version": LOGIC_API})
    done = [r["properties"]["startTime"] for r in runs if r["properties"].get("status") == "Succeeded"]
    if not any(now - unix_time(start) < RECENT for start in done):
        raise _missing("reaper_id", f"no run of {workflow} has succeeded within {spell_seconds(RECENT)}")


def _missing(key: str, what: str) -> MissingPrerequisite:
    hint = "ask its owner; without the key a run makes its own"
    return MissingPrerequisite(f"{key} of the target: {what}", hint, key=key)
