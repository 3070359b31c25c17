"""What the caller may do, against what the plan's requests take.

Each resource type's own actions, and those that ARM asks for when one resource uses another (join, assign); the list of
permissions is that of learn.microsoft.com/rest/api/authorization/permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfinfra.arm.requests import Request
from tfinfra.azure.preflight.finding import Finding, Reply
from tfinfra.azure.uses import use_of
from tfinfra.roles import GROUPS, covers

CODE = "TFI616"
_GROUP = "Microsoft.Resources/resourceGroups"
_MOST = 6


def needed(requests: Iterable[Request]) -> tuple[str, ...]:
    """The actions that making, watching and deleting the requests' resources takes, by name."""
    requests = tuple(requests)
    found = {f"{GROUPS}/{verb}" for verb in ("read", "write", "delete")}
    for request in requests:
        if request.arm_type != _GROUP:
            found |= {f"{request.arm_type}/read", f"{request.arm_type}/write"}
        found |= set(use_of(_used(request.body)))
    return tuple(sorted(found))


def _used(value: Any) -> Iterator[str]:
    """The types of the resources that a body names by their ids."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _used(key)
            yield from _used(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _used(inner)
    elif isinstance(value, str) and value.startswith("/subscriptions/") and "/providers/" in value:
        namespace, *rest = value.rpartition("/providers/")[2].split("/")
        yield "/".join([namespace, *rest[::2]])


def findings(requests: tuple[Request, ...], reply: Reply) -> Iterator[Finding]:
    if not reply.ok:
        return
    granted = [dict(grant) for grant in reply.values]
    missing = [action for action in needed(requests) if not covers(granted, action)]
    if missing:
        more = f" and {len(missing) - _MOST} more" if len(missing) > _MOST else ""
        message = f"you may not {', '.join(missing[:_MOST])}{more} in this subscription"
        yield Finding(CODE, "subscription_id", message, hint(missing))


def hint(missing: list[str]) -> str:
    """Who can help where these actions are missing."""
    if all(action.startswith("Microsoft.Authorization/roleAssignments/") for action in missing):
        more = "ask for Role Based Access Control Administrator beside Contributor"
        return f"{more}, or name an identity_id that others made and granted"
    return "ask for Contributor and Role Based Access Control Administrator, or a role of these actions"


def summary(requests: tuple[Request, ...], reply: Reply) -> str:
    """One line for a person."""
    if not reply.ok:
        return "not known"
    return f"you have the {len(needed(requests))} actions that the run takes"
