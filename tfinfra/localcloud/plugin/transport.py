"""HTTP as the plugin speaks it: one request, its answer, and a lost connection in the words of Go's net/http."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

REQUEST_SECONDS = 60.0


@dataclass(frozen=True)
class HttpRequest:
    """`url` is whole; `body` is sent as JSON, None for none."""

    method: str
    url: str
    body: Any = None

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


@dataclass(frozen=True)
class HttpResponse:
    """`headers` have lower-case names; `body` is the decoded JSON, {} for an empty one, None for what is no JSON."""

    status: int
    headers: dict[str, str]
    body: Any
    text: str = ""


class NoResponse(Exception):
    """No response came, as Go says it: `Put "https://…": dial tcp 127.0.0.1:1: connect: connection refused`, `…: EOF`.

    Source: Go's net/url, type Error, and net, type OpError.
    """

    def __init__(self, request: HttpRequest, error: Exception) -> None:
        super().__init__(f'{request.method.capitalize()} "{request.url}": {_reason(request, error)}')


Sender = Callable[[HttpRequest], HttpResponse]
"""Sends a request. Raises NoResponse."""


@dataclass
class Transport:
    """A Sender with connections to one endpoint, one for each thread. `token` is asked for each request, as it may be
    renewed while a long operation runs; `ca` is the CA that signs the endpoint's certificate, None for the system's own
    (which SSL_CERT_FILE replaces, here as in Go)."""

    endpoint: str
    token: Callable[[], str]
    ca: Path | None = None
    headers: dict[str, str] = field(default_factory=dict)
    _local: threading.local = field(default_factory=threading.local)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        headers = {**self.headers, "Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        body = None if request.body is None else json.dumps(request.body)
        try:
            connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
            if connection is None:
                context = ssl.create_default_context(cafile=self.ca)
                netloc = urlsplit(self.endpoint).netloc
                connection = http.client.HTTPSConnection(netloc, timeout=REQUEST_SECONDS, context=context)
                self._local.connection = connection
            connection.request(request.method, request.target, body, headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self._local.connection = None
            raise NoResponse(request, error) from error
        lowered = {name.lower(): value for name, value in response.getheaders()}
        try:
            content = json.loads(text) if text else {}
        except ValueError:
            content = None
        return HttpResponse(response.status, lowered, content, text)


def _reason(request: HttpRequest, error: Exception) -> str:
    address = urlsplit(request.url).netloc
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {address}: connect: connection refused"
    if isinstance(error, TimeoutError):
        return f"dial tcp {address}: i/o timeout"
    if isinstance(error, ssl.SSLError):
        return f"tls: failed to verify certificate: {error}"
    if isinstance(error, ConnectionResetError) and not isinstance(error, http.client.HTTPException):
        return f"read tcp {address}: read: connection reset by peer"
    return "EOF" if isinstance(error, http.client.HTTPException) else str(error)
