"""Single calls of ARM by the owner, through the azure-mgmt client's own pipeline."""

from __future__ import annotations

from typing import Any

from tfinfra.azure.clients import get_json, resource_client
from tfinfra.azure.timer import LOGIC_API
from tfinfra.cloud import Cloud


def send(cloud: Cloud, method: str, path: str, version: str, body: Any = None) -> int:
    """The status of the answer."""
    from azure.core.rest import HttpRequest

    request = HttpRequest(method, f"{cloud.arm_endpoint}{path}?api-version={version}", json=body)
    request.headers["x-tfinfra-machines"] = "fake"
    return int(resource_client(cloud).send_request(request).status_code)


def put(cloud: Cloud, path: str, version: str, body: dict[str, Any]) -> None:
    status = send(cloud, "PUT", path, version, body)
    assert status < 300, (status, path)


def disable(cloud: Cloud, workflow: str) -> None:
    """Disables a Logic workflow, as somebody in the portal would."""
    body = get_json(cloud, workflow, **{"api-version": LOGIC_API})
    body = {key: body[key] for key in ("location", "tags", "identity", "properties")}
    kept = {key: body["properties"][key] for key in ("definition", "parameters")}
    put(cloud, workflow, LOGIC_API, {**body, "properties": {**kept, "state": "Disabled"}})
