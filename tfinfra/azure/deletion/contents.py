"""What a run's group holds right now, and what of it is the run's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfinfra.arm import own
from tfinfra.arm.resource_ids import parse_resource_id
from tfinfra.azure.answers import values
from tfinfra.azure.clients import get_json
from tfinfra.cloud import Cloud

RESOURCES_API = "2021-04-01"
READ = "Microsoft.Resources/subscriptions/resourceGroups/resources/read"
"""The right without which nobody knows what a group holds."""
_MOST = 3


@dataclass(frozen=True)
class Inside:
    """A resource in a group: its ARM id and type, and its name as ARM lists it ("zone/link" for one within another)."""

    id: str
    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type} '{self.name}'"


@dataclass(frozen=True)
class Contents:
    """`own` is what the stacks have made, or Azure for it; `foreign` what somebody else has put there."""

    own: tuple[Inside, ...]
    foreign: tuple[Inside, ...]


def contents(cloud: Cloud, group: str, run: str) -> Contents:
    """What is in `run`'s `group`, by ARM's list, which shows what whoever asks may see. Raises AzureError."""
    path = f"{group_id(cloud, group)}/resources"
    found = [_inside(one) for one in values(get_json(cloud, path, **{"api-version": RESOURCES_API}))]
    others = [one for one in found if not _is_named_so(one, group, run)]
    ours = [one for one in found if one not in others]
    belonging = [one for one in others if _belongs(cloud, one, group, run)]
    return Contents((*ours, *belonging), tuple(one for one in others if one not in belonging))


def group_id(cloud: Cloud, group: str) -> str:
    return f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}"


def scale_set(cloud: Cloud, group: str, run: str) -> Inside:
    """The run's machines, as they are called whether or not anybody may list them."""
    return Inside(own.scale_set(group_id(cloud, group), run), own.MACHINES[0], f"{run}-nodes")


def named(found: Sequence[Inside]) -> str:
    """What is found, for a person: a few by kind and name."""
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(map(str, found[:_MOST])) + more


def _inside(listed: Any) -> Inside:
    """What is no resource of ARM's has no name, and so is not ours."""
    given = listed if isinstance(listed, Mapping) else {}
    return Inside(str(given.get("id", "")), str(given.get("type", "")), str(given.get("name", "")))


def _is_named_so(one: Inside, group: str, run: str) -> bool:
    """By kind and name; its id must say the same, as it is what would be deleted."""
    said = parse_resource_id(one.id.lower())
    within = said.scope.endswith(f"/resourcegroups/{group}".lower()) and said.scope.count("/") == 4
    same = (said.type, said.name) == (one.type.lower(), one.name.lower())
    return within and same and own.is_own(run, group, one.type, one.name)


def _belongs(cloud: Cloud, one: Inside, group: str, run: str) -> bool:
    """Whether Azure has made it for one of ours, as it says itself. Raises AzureError but where it is gone, or cannot
    be read, which makes nothing ours."""
    from azure.core.exceptions import HttpResponseError

    known = {kind.lower(): found for kind, found in own.BELONGS.items()}.get(one.type.lower())
    if known is None:
        return False
    version, properties = known
    try:
        told = get_json(cloud, one.id, **{"api-version": version}).get("properties")
    except HttpResponseError as error:
        if error.status_code in (403, 404):
            return False
        raise
    return any(_is_ours(_value(told, path), group, run) for path in properties)


def _value(told: Any, path: Sequence[str]) -> str:
    for name in path:
        told = told.get(name) if isinstance(told, Mapping) else None
    return told if isinstance(told, str) else ""


def _is_ours(id_: str, group: str, run: str) -> bool:
    made = parse_resource_id(id_)
    return _is_named_so(Inside(id_, made.type, made.name), group, run)
