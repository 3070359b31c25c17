"""The instance-metadata endpoint of Azure (and of the local cloud): who this node is, its identity's tokens, and what
is about to happen to it.

https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tfinfra.agent.node_errors import NodeFault

DEFAULT_URL = "http://169.254.169.254"
_TOKEN = "identity/oauth2/token"  # noqa: S105  a path
_TIMEOUT = 10.0
_SILENCE = 20.0
"""Seconds without any answer after which there is no endpoint."""
# An identity that was just attached is not found at first: 400 (github.com/Azure/aad-pod-identity/issues/778). 404, 410
# and 429 pass as well, 410 within 70 s (learn.microsoft.com/azure/virtual-machines/instance-metadata-service).
_PATIENCE = 120.0
_PASSING = (404, 408, 410, 429)
_LONGEST_PAUSE, _LONGEST_ASKED = 5.0, 60.0  # between two tries; where a throttling answer asks for one


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
        answer = self._get(_TOKEN, query, _is_token)
        return str(answer["access_token"]), float(answer["expires_on"])

    def attested(self, nonce: str, patience: float = _PATIENCE) -> str:
        """The signature, in base64, of a document that names this machine and `nonce` (up to 32 letters and digits).
        Raises NodeFault, after `patience` seconds at the latest."""
        query = {"api-version": "2021-02-01", "nonce": nonce}
        return str(self._get("attested/document", query, patience=patience).get("signature", ""))

    def scheduled_events(self) -> list[dict[str, Any]]:
        """The events that are to come, asked for once; the first answer may take Azure two minutes. Raises OSError or
        ValueError. https://learn.microsoft.com/azure/virtual-machines/linux/scheduled-events"""
        events = self._ask("scheduledevents", {"api-version": "2020-07-01"}, lambda _: True).get("Events")
        return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []

    def _ask(self, path: str, query: dict[str, str], has: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any]:
        """One answer. Raises OSError, ValueError where it is no document, or has not what is asked for."""
        request = Request(f"{self._url}/metadata/{path}?{urlencode(query)}", headers={"Metadata": "true"})  # noqa: S310
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                document = json.load(answer)
        except HTTPException as error:  # what is no answer of HTTP's, or half of one
            raise ValueError(f"no answer that can be read: {error!r}") from error
        if isinstance(document, dict) and has(document):
            return document
        held = ", ".join(document) if isinstance(document, dict) else type(document).__name__
        raise ValueError(f"an answer of another form than Azure's ({held or 'nothing in it'})")

    def _get(
        self,
        path: str,
        query: dict[str, str],
        has: Callable[[dict[str, Any]], bool] = bool,
        patience: float = _PATIENCE,
    ) -> dict[str, Any]:
        """Tries again while the answer may still change."""
        began, pause = time.monotonic(), 0.5
        while True:
            try:
                return self._ask(path, query, has)
            except (OSError, ValueError) as error:
                after = str(error.headers.get("Retry-After")) if isinstance(error, HTTPError) else ""
                wait = max(pause, min(float(after), _LONGEST_ASKED)) if after.isdigit() else pause
                limit = min(patience, _PATIENCE if isinstance(error, HTTPError) else _SILENCE)
                if not _may_pass(error, path) or time.monotonic() - began + wait > limit:
                    raise NodeFault(f"the metadata endpoint {self._url} did not answer for {path}: {error}") from error
            time.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _is_token(document: dict[str, Any]) -> bool:
    """Whether a token is there, with the time until which it holds."""
    until = str(document.get("expires_on", ""))
    return bool(document.get("access_token")) and until.replace(".", "", 1).isdigit()


def _may_pass(error: Exception, path: str) -> bool:
    """Early in a boot the endpoint may not answer yet, or not with JSON."""
    if not isinstance(error, HTTPError):
        return True
    attaching = path == _TOKEN and error.code == HTTPStatus.BAD_REQUEST
    return attaching or error.code in _PASSING or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
