"""Deletes resources of a run's group one by one, where the group itself has to stay: machines first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tfinfra.arm import own
from tfinfra.arm.error_bodies import read_error
from tfinfra.azure.answers import reason
from tfinfra.azure.clients import send_json
from tfinfra.azure.deletion.contents import Inside
from tfinfra.cloud import Cloud

_GONE = (404, 410)
_AT_ONCE = 8


def delete_machines(cloud: Cloud, found: Iterable[Inside], until: float) -> dict[str, str]:
    """Deletes the scale set, with its machines, and any machine that it has left behind. Gives what is left, each with
    the reason."""
    return delete_all(cloud, [one for one in found if _is_machine(one)], until)


def _is_machine(one: Inside) -> bool:
    return one.type.lower() in map(str.lower, own.MACHINES)


def delete_all(cloud: Cloud, found: Iterable[Inside], until: float) -> dict[str, str]:
    """Deletes each of the resources, those that use others first. Gives what is left, each with the reason. `until` is
    on the monotonic clock."""
    turns: dict[int, list[Inside]] = {}
    for one in found:
        if own.goes_by_itself(one.type):
            turns.setdefault(own.turn(one.type), []).append(one)
    left: dict[str, str] = {}
    for _, those in sorted(turns.items()):
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            reasons = pool.map(partial(_delete, cloud, until), those)
            left |= {str(one): reason_ for one, reason_ in zip(those, reasons, strict=True) if reason_ is not None}
    return left


def _delete(cloud: Cloud, until: float, one: Inside) -> str | None:
    try:
        version = own.version_for(one.id, one.type)
    except own.UnknownKind as error:
        return str(error)
    forced = {"forceDeletion": "true"} if _is_machine(one) else {}
    return delete_one(cloud, one.id, {"api-version": version, **forced}, until - time.monotonic())


def delete_one(
    cloud: Cloud, id_: str, query: dict[str, str], within: float, ours: Callable[[], bool] = lambda: True
) -> str | None:
    """Asks for the deletion of what has this ARM id, and follows it for `within` seconds: why it is still there, None
    where it is gone, or its group is no more (`ours` says so, or raises, just before)."""
    from azure.core.exceptions import AzureError

    try:
        if not ours():
            return None
        status, document = send_json(cloud, "DELETE", id_, None, within, **query)
        if status < 300 or status in _GONE:
            version = {name: value for name, value in query.items() if name == "api-version"}
            status, document = send_json(cloud, "GET", id_, None, **version)
    except AzureError as error:
        return reason(error)
    said = read_error(document)
    if status in _GONE and not (said and (said.code or "").startswith("Subscription")):
        return None
    return said.words if said else f"ARM answered {status}"
