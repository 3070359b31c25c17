"""The resource groups of runs: which there are, by their names and tags together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.azure.answers import failed_question, is_gone, values
from tfinfra.azure.clients import GROUPS_API, get_json
from tfinfra.azure.deletion.group_names import RUN_ID, run_of_group
from tfinfra.cloud import Cloud
from tfinfra.errors import TeardownIncomplete

RUN_TAG, OWNER_TAG, EXPIRES_TAG = "tfinfra-run", "tfinfra-owner", "tfinfra-expires-at"


@dataclass(frozen=True)
class RunGroup:
    """A resource group of a run, by its name and tags. `expires` is ISO 8601 in UTC, as its tag has it."""

    name: str
    run: str
    expires: str
    owner: str = ""


def run_group_exists(cloud: Cloud, name: str, run: str) -> bool:
    """Whether the run's group exists. A group is the run's by its name and its tag together, letter by letter. Raises
    AzureError, and TeardownIncomplete for a group that is not the run's."""
    group = find_group(cloud, name)
    if group is None:
        return False
    spelt, tagged = str(group.get("name")), tag_of(group, RUN_TAG)
    if tagged == run and run_of_group(name) == run and spelt == name:
        return True
    if tagged != run:
        how = f"is tagged for {tagged}" if tagged else f"has no tag {RUN_TAG}"
        way = f"if it is this run's after all, tag it {RUN_TAG}={run}, or delete it by hand"
    else:
        how = f"is called {spelt}" if spelt != name else f"is not named as a group of {run}"
        way = "its owner has to delete it: tfinfra has made no group of that name"
    raise TeardownIncomplete(f"resource group {name} is left alone: it {how}", hint=way)


def find_group(cloud: Cloud, name: str) -> dict[str, Any] | None:
    """ARM's document of a group, None where ARM says that there is none. Raises AzureError."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        found: dict[str, Any] = get_json(cloud, f"{_groups(cloud)}/{name}", **{"api-version": GROUPS_API})
    except ResourceNotFoundError as error:
        if is_gone(error):
            return None
        raise
    return found


def group_exists(cloud: Cloud, name: str) -> bool | None:
    """Whether the group exists; None where that is not known (ARM answered 403 or not at all): that is never "gone"."""
    from azure.core.exceptions import AzureError

    try:
        return find_group(cloud, name) is not None
    except AzureError:
        return None


def list_runs(cloud: Cloud) -> tuple[RunGroup, ...]:
    """Every group of every run in the subscription, by name: what is tagged with a run's id and named for that run.
    Raises CredentialsError or ProvisioningError."""
    return tuple(
        RunGroup(str(group["name"]), tag_of(group, RUN_TAG), tag_of(group, EXPIRES_TAG), tag_of(group, OWNER_TAG))
        for group in _all_groups(cloud)
        if _is_runs(group)
    )


def untagged_groups(cloud: Cloud) -> tuple[str, ...]:
    """Names of groups that are a run's by their name or by their tag alone: tfinfra touches none of them. Raises as
    `list_runs`."""
    found = [group for group in _all_groups(cloud) if not _is_runs(group)]
    return tuple(str(g["name"]) for g in found if run_of_group(str(g["name"])) or RUN_ID.fullmatch(tag_of(g, RUN_TAG)))


def _is_runs(group: Mapping[str, Any]) -> bool:
    run = run_of_group(str(group["name"]))
    return run is not None and tag_of(group, RUN_TAG) == run


def tag_of(group: Mapping[str, Any], name: str) -> str:
    """A tag's value, "" without it. Names of tags have no case
    (learn.microsoft.com/azure/azure-resource-manager/management/tag-resources)."""
    tags = group.get("tags") or {}
    return next((str(value) for tag, value in tags.items() if tag.lower() == name), "")


def _all_groups(cloud: Cloud) -> list[dict[str, Any]]:
    from azure.core.exceptions import AzureError

    try:
        found = values(get_json(cloud, _groups(cloud), **{"api-version": GROUPS_API}))
    except AzureError as error:
        raise failed_question(error, "resource groups cannot be listed") from error
    return sorted(found, key=lambda g: str(g["name"]))


def _groups(cloud: Cloud) -> str:
    return f"/subscriptions/{cloud.subscription_id}/resourcegroups"
