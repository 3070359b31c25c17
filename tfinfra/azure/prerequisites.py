"""What a subscription has ready for a run: the role that deletes groups, and what the target says that others made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tfinfra.arm.deleter_role import (
    DELETER_ACTIONS,
    GROUP_DELETER,
    GROUPS,
    ROLES_API,
    covers,
    definition_path,
    group_deleter_id,
    group_deleter_names,
)
from tfinfra.arm.errors import missing_actions
from tfinfra.azure.answers import arm_error, is_gone, passes, reason, values
from tfinfra.azure.clients import get_json
from tfinfra.azure.identity.sign_in import token_refused
from tfinfra.azure.timer import LOGIC_API
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, NotFeasible, ProvisioningError
from tfinfra.model import Access
from tfinfra.system.clock import right_now, spell_seconds, unix_time

_T = TypeVar("_T")
IDENTITY_API = "2023-01-31"
STORAGE_API = "2024-01-01"
YOURS = "`az account list --all --output table` shows yours; in another tenant: `az login --tenant T`"
"""The way out where a subscription is not there for the caller."""
RECENT = 3600.0
"""Seconds since a reaper's last success after which it is not trusted any more."""


@dataclass(frozen=True)
class Standing:
    """`may_delete`: the run's own identities can be given the right to delete its groups. `deleter_role` is the GUID of
    the role for that; `identity_client_id` and `store_url` are those of what others made, None where the run makes its
    own; `deletes_all`: the identity of others may delete any group of the subscription, so each script that has it."""

    may_delete: bool
    deleter_role: str | None = None
    identity_client_id: str | None = None
    store_url: str | None = None
    deletes_all: bool = False


@dataclass
class NotReady(NotFeasible):
    """`key` of the target names what is not there or cannot be read ("subscription_id": the subscription lacks it).
    `denied`: the caller may not read it."""

    key: str = "subscription_id"
    denied: bool = False


@dataclass
class NotAnswered(ProvisioningError):
    """Nobody knows how it stands: ARM gave no answer, one that passes (429, 5xx), or somebody else's."""

    key: str = "subscription_id"


Lack = NotReady | NotAnswered
ANSWERING = 15.0
"""Seconds within which a cloud of this machine is back that has died; Azure has had the patience of its own client."""


def look_up(cloud: Cloud, access: Access, clock: Callable[[], float] = right_now) -> Standing:
    """Finds it all by reading. Raises NotReady for what is not there or may not be read, NotAnswered and
    CredentialsError."""
    standing, lacking = look_over(cloud, access, clock)
    if lacking:
        raise lacking[0]
    return standing


def look_over(
    cloud: Cloud, access: Access, clock: Callable[[], float] = right_now
) -> tuple[Standing, tuple[Lack, ...]]:
    """The same, and all that is not ready: what the standing says instead is for looking further only, not for a run.
    Raises CredentialsError."""
    lacking: list[Lack] = []

    def tried(work: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return work()
        except (NotReady, NotAnswered) as error:
            lacking.append(error)
            return otherwise

    if access.reaper_id:
        tried(partial(_check_reaper, cloud, access.reaper_id, clock()), None)
    store_url = tried(partial(_store_url, cloud, access.store), access.store) if access.store else None
    role = tried(partial(deleter_role, cloud), None)
    guid = str(role["name"]) if role else None
    if access.identity_id is None:
        return Standing(role is not None, guid, store_url=store_url), tuple(lacking)
    wide, client = tried(partial(_identity, cloud, access.identity_id), (False, ""))
    may = role is not None and not access.reaper_id and _may_assign(cloud)
    return Standing(may, guid if may else None, client, store_url, wide), tuple(lacking)


def _identity(cloud: Cloud, id_: str) -> tuple[bool, str]:
    """Whether an identity may delete any group, and its client id."""
    found = _read(cloud, "identity_id", id_, IDENTITY_API)["properties"]
    return _deletes_all(cloud, str(found["principalId"])), str(found["clientId"])


def _may_assign(cloud: Cloud) -> bool:
    """Whether the caller can give the timer's own identity its right. Where that cannot be read, ARM will tell."""
    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Authorization/permissions"
    try:
        found = _list(cloud, "subscription_id", path, "your permissions", **{"api-version": ROLES_API})
    except (NotReady, NotAnswered):
        return True
    return covers(found, "Microsoft.Authorization/roleAssignments/write")


def deleter_role(cloud: Cloud) -> dict[str, Any] | None:
    """The definition of the subscription's role "tfinfra group deleter", as ARM gives it; None where there is none.

    The one of its own id goes first, then a custom role of one of its names: who makes it by `az` cannot choose the id.
    Its actions must be those that it is to have, and no more: what is wider is given to nobody. Raises NotReady where
    roles may not be read, NotAnswered, CredentialsError.
    """
    from azure.core.exceptions import AzureError

    subscription, what = cloud.subscription_id, f"the role '{GROUP_DELETER}'"
    path, version = definition_path(subscription, group_deleter_id(subscription)), {"api-version": ROLES_API}
    own: list[dict[str, Any]] = []
    try:
        own.append(_ask(cloud, "subscription_id", path, what, **version))
    except NotReady as error:
        if not isinstance(error.__cause__, AzureError) or not is_gone(error.__cause__):
            raise
    return next(filter(is_deleter, own), None) or _deleter_by_name(cloud, what)


def _deleter_by_name(cloud: Cloud, what: str) -> dict[str, Any] | None:
    path = definition_path(cloud.subscription_id, "").rstrip("/")
    query = {"$filter": "type eq 'CustomRole'", "api-version": ROLES_API}
    found = _list(cloud, "subscription_id", path, what, **query)
    named = {role["properties"]["roleName"]: role for role in filter(is_deleter, found)}
    return next((named[name] for name in group_deleter_names(cloud.subscription_id) if name in named), None)


def is_deleter(role: Mapping[str, Any]) -> bool:
    """Whether a role reads and deletes groups, and does nothing else."""
    parts: list[Mapping[str, Any]] = role["properties"].get("permissions") or []
    actions = [str(action).lower() for part in parts for action in part.get("actions") or ()]
    more = [part.get(key) for part in parts for key in ("notActions", "dataActions", "notDataActions")]
    return sorted(actions) == sorted(map(str.lower, DELETER_ACTIONS)) and not any(more)


def _deletes_groups(role: Mapping[str, Any]) -> bool:
    return covers(role["properties"].get("permissions") or [], f"{GROUPS}/delete")


def _deletes_all(cloud: Cloud, principal: str) -> bool:
    """Whether an identity may delete groups anywhere in the subscription, as far as its assignments can be read."""
    scope = f"/subscriptions/{cloud.subscription_id}"
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    query = {"$filter": f"principalId eq '{principal}'", "api-version": ROLES_API}
    try:
        found = _list(cloud, "identity_id", path, "role assignments", **query)
    except (NotReady, NotAnswered):
        return False
    above = [a["properties"] for a in found if _reaches(a["properties"]["scope"], scope)]
    version = {"api-version": ROLES_API}
    roles = (_ask(cloud, "identity_id", a["roleDefinitionId"], "a role", **version) for a in above)
    return any(map(_deletes_groups, roles))


def _reaches(scope: str, subscription: str) -> bool:
    """Whether a grant on `scope` is one on the whole subscription: given there, or on a management group."""
    return subscription.lower().startswith(scope.lower().rstrip("/")) or "/managementgroups/" in scope.lower()


def _store_url(cloud: Cloud, wanted: str) -> str:
    """The container's URL as its account gives it. Raises NotReady where the caller does not see it."""
    url = urlsplit(wanted)
    name, (container, *_) = url.netloc.split(".")[0], url.path.strip("/").split("/")
    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Storage/storageAccounts"
    found = _list(cloud, "store", path, "storage accounts", **{"api-version": STORAGE_API})
    account = next((a for a in found if a["name"] == name), None)
    if account is None:
        raise _missing("store", f"there is no storage account '{name}' in subscription {cloud.subscription_id}")
    _read(cloud, "store", f"{account['id']}/blobServices/default/containers/{container}", STORAGE_API)
    return f"{account['properties']['primaryEndpoints']['blob'].rstrip('/')}{url.path.rstrip('/')}"


def _check_reaper(cloud: Cloud, workflow: str, now: float) -> None:
    """Raises NotReady unless the workflow is there, enabled, and has worked lately: a run may not be the one that
    finds out that it does not."""
    state = _read(cloud, "reaper_id", workflow, LOGIC_API)["properties"].get("state")
    if state != "Enabled":
        raise _missing("reaper_id", f"the workflow {workflow} is {str(state).lower()}")
    runs = _list(cloud, "reaper_id", f"{workflow}/runs", "reaper_id of the target", **{"api-version": LOGIC_API})
    done = [r["properties"]["startTime"] for r in runs if r["properties"].get("status") == "Succeeded"]
    if not any(now - unix_time(start) < RECENT for start in done):
        raise _missing("reaper_id", f"no run of {workflow} has succeeded within {spell_seconds(RECENT)}")


def _read(cloud: Cloud, key: str, path: str, version: str) -> Any:
    """What `key` of the target names."""
    return _ask(cloud, key, path, f"{key} of the target", **{"api-version": version})


def _list(cloud: Cloud, key: str, path: str, what: str, **query: str) -> list[Any]:
    found: list[Any] = _asked(lambda: values(get_json(cloud, path, **query)), cloud, key, what)
    return found


def _ask(cloud: Cloud, key: str, path: str, what: str, **query: str) -> Any:
    return _asked(lambda: get_json(cloud, path, **query), cloud, key, what)


def _asked(read: Callable[[], Any], cloud: Cloud, key: str, what: str) -> Any:
    """What ARM answers. Only what ARM itself says can be a reason not to begin, and only where it is its last word."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        return _patiently(read, cloud)
    except ClientAuthenticationError as error:
        if getattr(error, "status_code", None) == 401:
            raise token_refused(cloud, error) from error
        raise CredentialsError(f"{what} cannot be read: {error.message}") from error
    except AzureError as error:
        if (told := arm_error(error)) is not None and told.code == "SubscriptionNotFound":
            raise CredentialsError(f"the subscription {cloud.subscription_id} is not there for you", YOURS) from error
        if passes(error) or told is None:
            hint = f"nothing was made: try again when {cloud.arm_endpoint} answers from here"
            raise NotAnswered(f"{what}: ARM does not tell: {reason(error)}", hint, key=key) from error
        denied = getattr(error, "status_code", None) == 403
        hint = _readable(cloud, reason(error) if denied else "")
        raise NotReady(f"{what} cannot be read: {reason(error)}", hint, key=key, denied=denied) from error


def _readable(cloud: Cloud, denied: str) -> str:
    """What has to be so that something is read; `denied` is what ARM says to who may not."""
    actions = missing_actions(denied)
    if not actions:
        return f"it must be there, and readable for you, in {cloud.subscription_id}"
    return f"ask for a role with {', '.join(actions)} there; one on a resource group of yours reaches no further"


def _patiently(read: Callable[[], Any], cloud: Cloud) -> Any:
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    until = time.monotonic() + ANSWERING
    while True:
        try:
            return read()
        except ClientAuthenticationError:
            raise
        except AzureError as error:
            if not passes(error) or time.monotonic() + cloud.pace.poll > until:
                raise
        time.sleep(cloud.pace.poll)
        cloud.ensure()


def _missing(key: str, what: str) -> NotReady:
    hint = "ask whoever made it; without the key a run makes its own"
    return NotReady(f"{key} of the target: {what}", hint, key=key)
