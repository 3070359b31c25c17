"""An ARM that gives one answer to whatever is asked: below azure-core's transport, so that its policies, its reading of
errors and its patience are the real ones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from urllib3 import HTTPResponse

from tfinfra.azure import clients
from tfinfra.cloud import Cloud
from tfinfra.model import Timeouts


class _Credential:
    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("token", int(time.time()) + 3600)


@dataclass
class Replying:
    """`asked` are (method, URL) of what came in."""

    cloud: Cloud
    asked: list[tuple[str, str]] = field(default_factory=list)
    _reply: tuple[int, bytes] = (404, b"{}")

    def answer(self, status: int, document: Any) -> None:
        self._reply = (status, json.dumps(document).encode())

    def request(self, method: str, url: str, **_: Any) -> requests.Response:
        """As a session of requests has it."""
        self.asked.append((method, url))
        response = requests.Response()
        response.status_code, body = self._reply
        response.raw = HTTPResponse(BytesIO(body), status=response.status_code, preload_content=False)
        response.headers["Content-Type"] = "application/json"
        response.url = url
        return response

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def replying(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replying]:
    cloud = Cloud(
        name="azure",
        subscription_id="00000000-0000-0000-0000-000000000000",
        tenant_id="",
        owner="ada",
        arm_endpoint="https://arm.example",
        token_scope="https://arm.example/.default",
        ca_file=None,
        credential=_Credential,  # type: ignore[arg-type, return-value]
        provider_command=None,
        environment_cache=None,
        node_platform="",
        timeouts=Timeouts(1, 1, 1, 1),
        ensure=lambda: None,
    )
    made = Replying(cloud)
    transport = RequestsTransport(session=made, session_owner=False)  # type: ignore[arg-type]
    monkeypatch.setattr(clients, "_transport", lambda _: {"transport": transport})
    clients.resource_client.cache_clear()
    yield made
    clients.resource_client.cache_clear()
