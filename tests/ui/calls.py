"""Requests to the pages of `tfinfra ui`, without a socket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp

from tfinfra.ui.acts import Acts
from tfinfra.ui.app import Ui, guarded
from tfinfra.ui.entrance.door import Door

PORT = 6016
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
FORM = {"content-type": "application/x-www-form-urlencoded", "origin": ORIGIN}


@dataclass(frozen=True)
class Answered:
    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


def call(app: ASGIApp, method: str, path: str, headers: Mapping[str, str] | None = None, body: str = "") -> Answered:
    """What the app answers; `path` may have a query. A header "" is not sent."""
    sent = {name: value for name, value in {"host": HOST, **(headers or {})}.items() if value}
    location, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "method": method,
        "path": location,
        "raw_path": location.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", PORT),
    }
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    start, *rest = messages
    answered = [(name.decode().lower(), value.decode()) for name, value in start.get("headers", [])]
    return Answered(start["status"], answered, b"".join(each.get("body", b"") for each in rest).decode())


@dataclass
class Browser:
    """A browser with a server of its own; `enter` lets it in."""

    folder: Path
    told: list[str] = field(default_factory=list)
    cookie: str = ""

    def __post_init__(self) -> None:
        self.door = Door(PORT, self.told.append)
        self.acts = Acts(self.folder / "acts")
        self.ui = Ui(self.door, self.acts)
        self.guard = guarded(self.ui, PORT)

    @property
    def token(self) -> str:
        return self.door.address.partition("token=")[2]

    def enter(self) -> Browser:
        given = call(self.guard, "GET", f"/?token={self.token}").header("set-cookie")
        self.cookie = given.partition(";")[0]
        return self

    def get(self, path: str, **headers: str) -> Answered:
        return call(self.guard, "GET", path, {"cookie": self.cookie, **_dashed(headers)})

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answered:
        every = {"cookie": self.cookie, **FORM, **_dashed(headers)}
        return call(self.guard, "POST", path, every, urlencode(fields))


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def fields_of(form: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
