"""Removes one resource of a run's own group, so that its stack can make it again: azure-native takes over nothing that
it finds (pulumi/pulumi-azure-native#1722)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from tfinfra.arm import own
from tfinfra.arm.kinds import UnknownKind, version_of
from tfinfra.arm.resource_ids import parse_resource_id
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.azure.deletion.group_names import group_of
from tfinfra.azure.deletion.groups import run_group_exists
from tfinfra.azure.deletion.one_by_one import delete_one
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError

PAUSE = 5.0
_ASSIGNMENTS = "microsoft.authorization/roleassignments"


def remove(
    cloud: Cloud,
    id_: str,
    group: str,
    run: str,
    *,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Deletes the resource with the ARM id `id_`, which lies in `group` of `run` or is that group itself; returns once
    ARM says 404 for it. Raises ProvisioningError where it does not within `timeout` seconds, or where the id is not the
    run's; TeardownIncomplete where the group is not tagged as the run's."""
    if (group_of(id_) or "").lower() != group.lower():
        raise ProvisioningError(f"{id_} is not in {group}: it is left alone")
    if id_.rstrip("/").lower().endswith(f"/resourcegroups/{group.lower()}"):
        delete_group(cloud, group, run, timeout=timeout)
        return
    said = parse_resource_id(id_)
    in_group = said.scope.count("/") == 4
    # a role assignment has a made-up name, and goes with what it is on
    if said.type.lower() != _ASSIGNMENTS and not (in_group and own.is_own(run, group, said.type, said.name)):
        raise ProvisioningError(f"{id_} is left alone: the run makes nothing of that name")
    try:
        query = {"api-version": version_of(id_)}
    except UnknownKind as error:
        raise ProvisioningError(f"{id_} is left alone: {error}") from error
    until = clock() + timeout
    still = partial(run_group_exists, cloud, group, run)
    while (last := delete_one(cloud, id_, query, until - clock(), still)) is not None:
        if clock() + PAUSE > until:
            raise ProvisioningError(f"{id_} cannot be removed: {last}")
        sleep(PAUSE)
