"""ARM as the plugin needs it: one request with its retries, and the wait for what ARM does in its own time."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_PATIENCE = 20.0  # seconds that ARM may be unreachable or overloaded; the local cloud is restarted in less
_REQUEST = 60.0
_FIRST_LOOK, _LAST_LOOK = 0.02, 2.0
_ENDED = frozenset({"succeeded", "failed", "canceled"})


class ArmError(Exception):
    """ARM's own answer: its HTTP status, its error code and its message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Answer:
    """`headers` have lower-case names; `body` is {} where there is none."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Arm:
    """Connections to one ARM endpoint, one for each thread. `headers` go with every request."""

    endpoint: str
    ca: Path | None
    token_file: Path
    headers: dict[str, str]
    _local: threading.local = field(default_factory=threading.local)
    stopped: threading.Event = field(default_factory=threading.Event)

    def token(self) -> str:
        """The bearer token as it is now: the file may be replaced while a long operation runs."""
        text = self.token_file.read_text(encoding="utf-8").strip()
        return str(json.loads(text)["token"]) if text.startswith("{") else text

    def put(self, path: str, api_version: str, body: Any) -> Any:
        """Writes a resource and returns it once ARM has finished with it. Raises ArmError."""
        answer = self.request("PUT", path, api_version, body)
        self._settle(answer)
        return self._finished(path, api_version)

    def get(self, path: str, api_version: str) -> Any | None:
        """The resource, None where there is none. Raises ArmError."""
        try:
            return self.request("GET", path, api_version).body
        except ArmError as error:
            if error.status == 404:
                return None
            raise

    def delete(self, path: str, api_version: str) -> None:
        """Deletes a resource and returns once it is gone; one that is not there is gone. Raises ArmError."""
        try:
            self._settle(self.request("DELETE", path, api_version))
        except ArmError as error:
            if error.status != 404:
                raise

    def request(self, method: str, path: str, api_version: str, body: Any = None) -> Answer:
        """One answer below 400. Throttling, server faults and lost connections are repeated: every request here may
        be. Raises ArmError."""
        until, pause = time.monotonic() + _PATIENCE, 0.1
        while True:
            answer, error = self._try(method, f"{path}?api-version={api_version}", body)
            if answer is not None and answer.status < 400:
                return answer
            if answer is not None and answer.status not in _RETRIED:
                raise arm_error(answer)
            wait = max(pause, _retry_after(answer))
            if self.stopped.is_set() or time.monotonic() + wait > until:
                raise arm_error(answer) if answer else ArmError(0, "EndpointUnreachable", f"{self.endpoint}: {error}")
            self.stopped.wait(wait)
            pause = min(2 * pause, 2.0)

    def _try(self, method: str, target: str, body: Any) -> tuple[Answer | None, Exception | None]:
        try:
            return self._once(method, target, body), None
        except (OSError, http.client.HTTPException) as error:
            self._local.connection = None
            return None, error

    def _once(self, method: str, target: str, body: Any) -> Answer:
        connection = self._connection()
        headers = {**self.headers, "Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        connection.request(method, target, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        raw = response.read()
        lowered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, lowered, _decode(raw))

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            parts = urlsplit(self.endpoint)
            context = ssl.create_default_context(cafile=self.ca)
            connection = http.client.HTTPSConnection(parts.netloc, timeout=_REQUEST, context=context)
            self._local.connection = connection
        return connection

    def _settle(self, answer: Answer) -> None:
        """Waits for a long-running operation, as ARM's answer announces it. Raises ArmError where it failed."""
        where = answer.headers.get("azure-asyncoperation") or answer.headers.get("location")
        if where is None:
            return None
        url, pause, heard = urlsplit(where), _FIRST_LOOK, time.monotonic()
        target = f"{url.path}?{url.query}" if url.query else url.path
        while not self.stopped.is_set():
            look = self._look(target)
            heard = time.monotonic() if look.status else heard
            if time.monotonic() > heard + _PATIENCE:
                raise ArmError(0, "EndpointUnreachable", f"{self.endpoint}: {_dig(look.body, 'error')}")
            state = str(_dig(look.body, "status") or "").lower()
            if look.status not in (0, 202) and (state in _ENDED or not state):
                return _check(look, state)
            self.stopped.wait(max(pause, _retry_after(look)))
            pause = min(2 * pause, _LAST_LOOK)
        raise ArmError(0, "Cancelled", "the update was cancelled")

    def _look(self, target: str) -> Answer:
        """How the operation stands; the status is 202 where it goes on, 0 where nobody answers."""
        answer, error = self._try("GET", target, None)
        if answer is None:
            return Answer(0, {"retry-after": "1"}, {"error": str(error)})
        if answer.status in _RETRIED:
            return Answer(202, answer.headers, {})
        if answer.status >= 400:
            raise arm_error(answer)
        return answer

    def _finished(self, path: str, api_version: str) -> Any:
        """The resource in its final state. Raises ArmError where that is not Succeeded."""
        pause = _FIRST_LOOK
        while True:
            answer = self.request("GET", path, api_version)
            state = str(_dig(answer.body, "properties", "provisioningState") or "Succeeded")
            if state.lower() == "succeeded":
                return answer.body
            if state.lower() in _ENDED:
                raise ArmError(answer.status, f"Provisioning{state}", f"{path} ended as {state}")
            if self.stopped.wait(pause):
                raise ArmError(0, "Cancelled", "the update was cancelled")
            pause = min(2 * pause, _LAST_LOOK)


def arm_error(answer: Answer) -> ArmError:
    """ARM's {"error": {"code", "message"}} as an exception."""
    error = _dig(answer.body, "error") or {}
    code = error.get("code") or http.client.responses.get(answer.status, str(answer.status)).replace(" ", "")
    return ArmError(answer.status, str(code), str(error.get("message") or f"ARM answered {answer.status}"))


def _check(look: Answer, state: str) -> None:
    if state in ("failed", "canceled"):
        raise arm_error(look)


def _dig(body: Any, *names: str) -> Any:
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _decode(raw: bytes) -> Any:
    if not raw:
        return {}
    try:
        return json.loads(raw)
    except ValueError:
        return {"error": {"message": raw[:200].decode("utf-8", "replace")}}


def _retry_after(answer: Answer | None) -> float:
    """Seconds that the answer asks to wait; ARM sends whole seconds, never a date."""
    text = answer.headers.get("retry-after", "0") if answer else "0"
    return min(float(text), _PATIENCE / 2) if text.replace(".", "", 1).isdigit() else 0.0
