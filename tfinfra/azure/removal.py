"""Removes one resource of a run's own group, so that its stack can make it again: azure-native takes over nothing that
it finds (pulumi/pulumi-azure-native#1722)."""

from __future__ import annotations

import time
from collections.abc import Callable

from tfinfra.arm.errors import read_error
from tfinfra.arm.kinds import UnknownKind, version_of
from tfinfra.azure.answers import reason
from tfinfra.azure.clients import send_json
from tfinfra.azure.names import group_of
from tfinfra.azure.teardown import delete_group, run_group_exists
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError

PAUSE = 5.0
_GONE = (404, 410)


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
    ARM says 404 for it. Raises ProvisioningError where it does not within `timeout` seconds, or where the id is of
    nobody's; TeardownIncomplete where the group is not tagged as the run's."""
    if (group_of(id_) or "").lower() != group.lower():
        raise ProvisioningError(f"{id_} is not in {group}: it is left alone")
    if id_.rstrip("/").lower().endswith(f"/resourcegroups/{group.lower()}"):
        delete_group(cloud, group, run, timeout=timeout)
        return
    try:
        query = {"api-version": version_of(id_)}
    except UnknownKind as error:
        raise ProvisioningError(f"{id_} is left alone: {error}") from error
    until = clock() + timeout
    while (last := _asked(cloud, id_, group, run, query, within=until - clock())) is not None:
        if clock() + PAUSE > until:
            raise ProvisioningError(f"{id_} cannot be removed: {last}")
        sleep(PAUSE)


def _asked(cloud: Cloud, id_: str, group: str, run: str, query: dict[str, str], *, within: float) -> str | None:
    """Why the resource is still there after its deletion was asked for and followed `within` seconds, None where it is
    gone."""
    from azure.core.exceptions import AzureError

    try:
        if not run_group_exists(cloud, group, run):
            return None
        status, document = send_json(cloud, "DELETE", id_, None, within, **query)
        if status < 300 or status in _GONE:
            status, document = send_json(cloud, "GET", id_, None, **query)
    except AzureError as error:
        return reason(error)
    if status in _GONE:
        return None
    told = read_error(document)
    return told.words if told else f"ARM answered {status}"
