"""The instance-metadata endpoint of Azure (and of the local cloud): who this node is, its identity's tokens, and what
is about to happen to it.

https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tfinfra.agent.faults import NodeFault

DEFAULT_URL = "http://169.254.169.254"
_TIMEOUT = 10.0
_TRIES = 6


class Metadata:
    """Reads `url` (no trailing slash) as the managed identity `client_id`."""

    def __init__(self, url: str, client_id: str) -> None:
        self._url = url
        self._client_id = client_id
        self._opener = build_opener(ProxyHandler({}))  # the endpoint is link-local: no proxy can reach it

    def instance(self) -> dict[str, Any]:
        """The instance document. Raises NodeFault where the endpoint does not answer."""
        return self._get("instance", {"api-version": "2021-02-01"})

    def token(self, resource: str) -> tuple[str, float]:
        """A bearer token for `resource` and its expiry in Unix seconds. Raises NodeFault."""
        query = {"api-version": "2018-02-01", "resource": resource, "client_id": self._client_id}
        answer = self._get("identity/oauth2/token", query)
        return str(answer["access_token"]), float(answer["expires_on"])

    def scheduled_events(self) -> list[dict[str, Any]]:
        """The events that are to come, asked for once; the first answer may take Azure two minutes. Raises OSError or
        ValueError. https://learn.microsoft.com/azure/virtual-machines/linux/scheduled-events"""
        document = self._ask("scheduledevents", {"api-version": "2020-07-01"})
        return list(document.get("Events", ()))

    def _ask(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        request = Request(f"{self._url}/metadata/{path}?{urlencode(query)}", headers={"Metadata": "true"})  # noqa: S310
        with self._opener.open(request, timeout=_TIMEOUT) as answer:
            return dict(json.load(answer))

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        problem: Exception | None = None
        for pause in range(_TRIES):  # early in a boot it may not answer yet, and it throttles
            time.sleep(pause)
            try:
                return self._ask(path, query)
            except (OSError, ValueError) as error:
                problem = error
        raise NodeFault(f"the metadata endpoint {self._url} did not answer for {path}: {problem}")
