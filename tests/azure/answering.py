"""ARM played under azure-core: its policies, paging and polling are the real ones, only the wire is not there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tfinfra.azure.clients import resource_client
from tfinfra.cloud import Cloud, Pace
from tfinfra.model import Timeouts

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
Reply = tuple[int, Any, dict[str, str]]


@dataclass
class Wire:
    """`answer` gives (status, body, headers) for a method and a path; `asked` are the requests so far, `slept` the
    seconds that azure-core wanted to wait."""

    answer: Callable[[str, str], Reply]
    asked: list[tuple[str, str]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def put_under(self, patch: pytest.MonkeyPatch) -> None:
        """From here on every request of this process is answered."""
        resource_client.cache_clear()
        patch.setattr(HTTPAdapter, "send", lambda _, request, **__: self._reply(request))
        patch.setattr(RequestsTransport, "sleep", lambda _, seconds: self.slept.append(seconds))

    def _reply(self, request: requests.PreparedRequest) -> requests.Response:
        method, path = str(request.method), request.path_url.partition("?")[0]
        self.asked.append((method, path))
        status, body, headers = self.answer(method, path)
        response = requests.Response()
        response.status_code, response.url, response.request = status, str(request.url), request
        response.headers.update({"Content-Type": "application/json", **headers})
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response.raw = HTTPResponse(io.BytesIO(data), preload_content=False)
        return response


class _Credential:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", 4_000_000_000)


def azure() -> Cloud:
    """Azure, as far as the clients need it, at a pace for tests."""
    return Cloud(
        name="azure",
        subscription_id=SUBSCRIPTION,
        tenant_id="tenant",
        owner="ada",
        arm_endpoint="https://management.azure.com",
        token_scope="https://management.azure.com/.default",
        ca_file=None,
        credential=_Credential,
        provider_command=None,
        environment_cache=None,
        node_platform="",
        timeouts=Timeouts(30.0, 30.0, 10.0, 3.0),
        ensure=lambda: None,
        pace=Pace().times(0.002),
    )
