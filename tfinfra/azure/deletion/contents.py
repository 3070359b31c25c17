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
from tfinfra.text.wording import first_few

RESOURCES_API = "2021-04-01"
READ = "Microsoft.Resources/subscriptions/resourceGroups/resources/read"
"""The right to know what a group holds."""
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
    """`own`: what the stacks have made, or Azure for it; `foreign`: what somebody else has put there."""

    own: tuple[Inside, ...]
    foreign: tuple[Inside, ...]


def contents(cloud: Cloud, group: str, run: str) -> Contents:
    """What is in `run`'s `group`, by ARM's list, which shows what the caller may see. Raises AzureError."""
    path = f"{group_id(cloud, group)}/resources"
    listed = values(get_json(cloud, path, **{"api-version": RESOURCES_API}))
    # an entry that is no resource of ARM's has no name, and so is not the run's
    entries = [entry if isinstance(entry, Mapping) else {} for entry in listed]
    found = [Inside(*(str(entry.get(key, "")) for key in ("id", "type", "name"))) for entry in entries]
    others = [one for one in found if not _is_named_so(one, group, run)]
    ours = [one for one in found if one not in others]
    belonging = [one for one in others if _belongs(cloud, one, group, run)]
    return Contents((*ours, *belonging), tuple(one for one in others if one not in belonging))


def group_id(cloud: Cloud, group: str) -> str:
    return f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}"


def scale_set(cloud: Cloud, group: str, run: str) -> Inside:
    """The run's scale set, which is known by name even where the group cannot be listed."""
    return Inside(own.scale_set(group_id(cloud, group), run), own.MACHINES[0], f"{run}-nodes")


def named(found: Sequence[Inside]) -> str:
    """What is found, for a person: a few by kind and name."""
    return first_few(found, _MOST)


def _is_named_so(one: Inside, group: str, run: str) -> bool:
    """By kind and name; its id must say the same, as it is what would be deleted."""
    said = parse_resource_id(one.id.lower())
    within = said.scope.endswith(f"/resourcegroups/{group}".lower()) and said.scope.count("/") == 4
    same = (said.type, said.name) == (one.type.lower(), one.name.lower())
    return within and same and own.is_own(run, group, one.type, one.name)


def _belongs(cloud: Cloud, one: Inside, group: str, run: str) -> bool:
    """Whether Azure has made it for one of the run's resources, as it says itself. One that is gone or cannot be read
    is not the run's. Raises AzureError for any other failure."""
    from azure.core.exceptions import HttpResponseError

    known = {kind.lower(): found for kind, found in own.BELONGS.items()}.get(one.type.lower())
    if known is None:
        return False
    version, properties = known
    try:
        document = get_json(cloud, one.id, **{"api-version": version})
    except HttpResponseError as error:
        if error.status_code in (403, 404):
            return False
        raise
    for path in properties:
        value: Any = document.get("properties")
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            made_for = parse_resource_id(value)
            if _is_named_so(Inside(value, made_for.type, made_for.name), group, run):
                return True
    return False
