"""Debian's Chromium without a window, driven over a pipe (chromedevtools.github.io/devtools-protocol): what a page
looks like, what it asks for, and what it says on its console."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason="Debian's chromium is not installed, which these tests look at pages with"
)
_FLAGS = (
    *("--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio"),
)
_PATIENCE = 30.0


@dataclass
class Page:
    """A tab. `console` are errors and warnings that it has shown, `asked` the addresses that it has asked for."""

    _chromium: _Pipe
    _session: str
    console: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def size(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """The window's, in pixels; and the colours that its user prefers."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._send("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._send("Emulation.setEmulatedMedia", features=[scheme])

    def without_javascript(self) -> None:
        """From now on scripts of pages do not run."""
        self._send("Emulation.setScriptExecutionDisabled", value=True)

    def open(self, address: str) -> None:
        """Leads to the address, and waits until it is loaded."""
        self._send("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, expression: str) -> Any:
        """What the expression is in the page."""
        found = self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise _NoAnswer(found["exceptionDetails"])
        return found["result"].get("value")

    def until(self, expression: str, seconds: float = _PATIENCE) -> Any:
        """What the expression is, once that is true: pages come and go meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(_NoAnswer):
                if found := self.value(expression):
                    return found
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s for {expression}: {self.value('document.body.innerText')[:2000]}")

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of the page."""
        found = self._send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    @property
    def text(self) -> str:
        return str(self.value("document.body.innerText"))

    @property
    def too_wide(self) -> bool:
        """Whether one has to scroll to the side."""
        return bool(self.value("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def hear(self, method: str, told: dict[str, Any]) -> None:
        """An event of the tab."""
        if method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.console.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.console.append(" ".join(str(each.get("value")) for each in told["args"]))
        elif method == "Runtime.exceptionThrown":
            self.console.append(str(told["exceptionDetails"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])

    def _send(self, method: str, **parameters: Any) -> Any:
        return self._chromium.call(method, parameters, self._session)


class _NoAnswer(Exception):
    """The browser refuses a command, or the page raises: what it was about may be gone, or not there yet."""


class _Pipe:
    """Messages to and from the browser."""

    def __init__(self, to: int, of: int) -> None:
        self._to, self._of = to, of
        self._number, self._rest = 0, b""
        self.pages: dict[str, Page] = {}

    def call(self, method: str, parameters: dict[str, Any], session: str | None = None) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        os.write(self._to, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            answer = self._next(end)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise _NoAnswer(f"{method}: {answer['error']}")
                return answer["result"]
            if page := self.pages.get(answer.get("sessionId", "")):
                page.hear(answer["method"], answer["params"])
        raise AssertionError(f"chromium does not answer {method}")

    def _next(self, end: float) -> Any:
        while b"\0" not in self._rest:
            if not select.select([self._of], [], [], max(0.0, end - time.monotonic()))[0]:
                return {}
            data = os.read(self._of, 1 << 20)
            if not data:
                raise AssertionError("chromium has ended")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A tab of a browser whose files are in `folder`."""
    assert PROGRAM is not None
    of_browser, to = os.pipe()
    of, to_browser = os.pipe()
    # It reads its commands from descriptor 3, and answers on 4
    shell = f'exec "$@" 3<&{of_browser} 4>&{to_browser}'
    command = [
        "bash",
        "-c",
        shell,
        "chromium",
        PROGRAM,
        *_FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        "about:blank",
    ]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(of_browser, to_browser),
            start_new_session=True,
            env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        )
    os.close(of_browser)
    os.close(to_browser)
    try:
        pipe = _Pipe(to, of)
        target = pipe.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = pipe.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        pipe.pages[session] = page = Page(pipe, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            pipe.call(f"{domain}.enable", {}, session)
        yield page
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(to)
        os.close(of)
