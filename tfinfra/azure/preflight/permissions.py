"""What the caller may do, against what the plan's requests take.

Each resource type's own actions, those that ARM asks for when one resource uses another (join, assign), and what a run
looks at besides; the lists of permissions are those of learn.microsoft.com/rest/api/authorization/permissions, for the
subscription and for each resource that the target brings: a right may be given on that alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfinfra.arm.deleter_role import GROUPS, covers
from tfinfra.arm.requests import ResourceRequest
from tfinfra.arm.resource_ids import parse_resource_id
from tfinfra.azure.preflight.finding import ArmReply, Finding
from tfinfra.azure.rights.creation_rights import needed_for, useful_for
from tfinfra.azure.rights.linked_actions import use_of
from tfinfra.errors import Severity
from tfinfra.model import Image, Target

CODE = "TFI616"
LESS = "TFI636"
"""A run goes on without the right, and something of it works less well."""
_GROUP = "Microsoft.Resources/resourceGroups"


def brought(target: Target, image: Image) -> dict[str, str]:
    """The ids of others' resources that the plan's bodies use, with the keys of the target that name them."""
    keys = ("subnet_id", "identity_id", "capacity_reservation_id")
    found = {str(id_): key for key in keys if (id_ := getattr(target, key))}
    return {**found, image.id: "image"} if image.id else found


def needed(requests: Iterable[ResourceRequest]) -> tuple[str, ...]:
    """The actions that making, watching and deleting the requests' resources takes, by name."""
    return tuple(sorted({action for action, _ in _needs(tuple(requests), ())}))


def _needs(requests: tuple[ResourceRequest, ...], others: Iterable[str]) -> set[tuple[str, str]]:
    """(action, where): "where" is one of the ids of `others` for its use, "" (the subscription) for all else."""
    types = _types(requests)
    found = {(f"{GROUPS}/{verb}", "") for verb in ("read", "write", "delete")}
    found |= {(f"{kind}/{verb}", "") for kind in types if kind != _GROUP for verb in ("read", "write")}
    found |= {(action, "") for action in needed_for(types)}
    known = {id_.lower(): id_ for id_ in others}
    for id_ in {id_ for request in requests for id_ in _named(request.body)}:
        found |= {(action, known.get(id_.lower(), "")) for action in use_of([parse_resource_id(id_).type])}
    return found


def _types(requests: Iterable[ResourceRequest]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(request.arm_type for request in requests))


def _named(value: Any) -> Iterator[str]:
    """The ids of resources that a body names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _named(key)
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)
    elif isinstance(value, str) and value.lower().startswith("/subscriptions/") and parse_resource_id(value).type:
        yield value


def findings(
    requests: tuple[ResourceRequest, ...], reply: ArmReply, others: Mapping[str, tuple[str, ArmReply]] | None = None
) -> Iterator[Finding]:
    """The actions that are missing, each named, for the person who gives rights. `reply` lists what the caller may do
    in the subscription; `others` holds {the id of each resource that the target brings: (the target's key, what the
    caller may do with it)}. Where ARM does not say that, nothing is missing on the resource: it may be in another
    subscription, or only shared."""
    if not reply.ok:
        return
    others = others or {}
    granted = {"": _grants(reply), **{id_: _grants(answer) for id_, (_, answer) in others.items() if answer.ok}}
    lacking: dict[str, list[str]] = {}
    for action, where in sorted(_needs(requests, others)):
        if where in granted and not covers(granted[where], action):
            lacking.setdefault(where, []).append(action)
    for where, missing in lacking.items():
        key = others[where][0] if where else "subscription_id"
        yield Finding(CODE, key, f"you may not {', '.join(missing)} {_at(where, requests)}", hint(missing))
    if lacking:
        return
    for without, actions in useful_for(_types(requests)):
        if missing := [action for action in actions if not covers(granted[""], action)]:
            message = f"you may not {', '.join(missing)} {_at('', requests)}: {without}"
            yield Finding(LESS, "subscription_id", message, "ask for a role of these actions", Severity.WARNING)


def _grants(reply: ArmReply) -> list[dict[str, Any]]:
    return [dict(grant) for grant in reply.values]


def _at(where: str, requests: tuple[ResourceRequest, ...]) -> str:
    if where:
        return f"on {where}"
    return next(f"in {'/'.join(request.path.split('/')[:3])}" for request in requests)


def hint(missing: list[str]) -> str:
    """What to ask for where these actions are missing."""
    if all(action.startswith("Microsoft.Authorization/roleAssignments/") for action in missing):
        more = "ask for Role Based Access Control Administrator beside Contributor"
        return f"{more}, or name an identity_id that others made and granted"
    return "ask for Contributor and Role Based Access Control Administrator, or a role of these actions"


def summary(
    requests: tuple[ResourceRequest, ...], reply: ArmReply, others: Mapping[str, tuple[str, ArmReply]] | None = None
) -> str:
    """One line for a person, of the same answers as `findings`."""
    if not reply.ok:
        return "not known"
    silent = {id_: key for id_, (key, answer) in (others or {}).items() if not answer.ok}
    known = {action for action, where in _needs(requests, silent) if where == ""}
    but = f"; not known on {', '.join(silent.values())}" if silent else ""
    return f"you have the {len(known)} actions that the run takes{but}"
