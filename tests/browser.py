"""A page in Debian's chromium, without a window, spoken to over two pipes by its own protocol
(https://chromedevtools.github.io/devtools-protocol/): what it shows, what it complains of and what it asks for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium, and installing it takes root")
_PATIENCE = 30.0


@dataclass
class Browser:
    """`complaints` are errors of scripts, of the page's policy and of the console, `asked` the URLs that were asked
    for, since the last page was opened."""

    _to: int
    _from: int
    _session: str = ""
    _number: int = 0
    _rest: bytes = b""
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _loaded: bool = False

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers. Fails where it refuses, or does not answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
        raise AssertionError(f"no answer to {method}")

    def begin(self) -> None:
        """Attaches to a page of its own."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def open(self, url: str, width: int, *, dark: bool = False, script: bool = True) -> None:
        """Opens a page as a screen so wide shows it, and waits until it is there."""
        self.complaints, self.asked, self._loaded = [], [], False
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=url)
        until = time.monotonic() + _PATIENCE
        while not self._loaded:
            assert time.monotonic() < until, f"{url} does not load"
            self._next()
        self.value("1")  # what its script complains of has come by then

    def value(self, expression: str) -> Any:
        """What a JavaScript expression comes to in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def point_at(self, x: float, y: float) -> None:
        """Moves the pointer there."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._from, 1 << 16)
            assert data, "the browser has ended"
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.complaints.append(said["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(said["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded = True


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser with its profile in `folder`."""
    assert CHROMIUM is not None
    its_input, to = os.pipe()
    back, its_output = os.pipe()
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"]
    script = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'  # the protocol's descriptors are 3 and 4
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", str(its_input), str(its_output), *command, f"--user-data-dir={folder}"],
        pass_fds=(its_input, its_output),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    )
    os.close(its_input)
    os.close(its_output)
    try:
        browser = Browser(to, back)
        browser.begin()
        yield browser
        browser._session = ""
        browser.call("Browser.close")
    finally:
        os.close(to)
        os.close(back)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
