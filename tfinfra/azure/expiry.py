"""When a run's group may be deleted, as its own tag says it: put off by whoever extends the run."""

from __future__ import annotations

from typing import Any

from tfinfra.azure.answers import reason
from tfinfra.azure.clients import get_json, send_json
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError
from tfinfra.system.clock import unix_time

_API = "2021-04-01"
_TAG = "tfinfra-expires-at"


def put_off(cloud: Cloud, group: str, run: str, moment: str) -> None:
    """Sets the expiry (ISO 8601, UTC) in the tag of `run`'s group, and leaves its other tags. Raises
    ProvisioningError where ARM does not take it, the group is not the run's, or it has more time already."""
    from azure.core.exceptions import AzureError

    path = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}"
    try:
        tags: dict[str, Any] = get_json(cloud, path, **{"api-version": _API}).get("tags") or {}
        if tags.get("tfinfra-run") != run:
            raise ProvisioningError(f"{group} is not tagged as {run}'s any more")
        if unix_time(tags.get(_TAG, moment)) > unix_time(moment):
            raise ProvisioningError(f"{group} has its time until {tags[_TAG]} already, by its tag")
        status, said = send_json(cloud, "PATCH", path, {"tags": {**tags, _TAG: moment}}, **{"api-version": _API})
    except AzureError as error:
        raise ProvisioningError(f"{group} could not be given more time: {reason(error)}") from error
    if status >= 300 or not isinstance(said, dict) or (said.get("tags") or {}).get(_TAG) != moment:
        raise ProvisioningError(f"{group} could not be given more time: ARM answered {status}")
