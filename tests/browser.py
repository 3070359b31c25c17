"""A page in Debian's chromium, without a window, spoken to over two pipes by its own protocol
(https://chromedevtools.github.io/devtools-protocol/): what it shows, what it complains of and what it asks for."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium, and installing it takes root")
_PATIENCE = 30.0
_FLAGS = (
    *("--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)


_FAINT = """(() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const back = channels(getComputedStyle(at).backgroundColor);
      if (back.length < 4 || back[3] > 0) return back;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, title, desc, .unseen, .skip")) continue;
    const style = getComputedStyle(element);
    const front = channels(element.closest("svg") ? style.fill : style.color);
    const [one, other] = [light(front), light(behind(element))].sort((a, b) => b - a);
    const told = `${element.tagName} ${element.className} ${node.data.trim().slice(0, 30)}`;
    if ((one + 0.05) / (other + 0.05) < 4.5) low.add(told);
  }
  return [...low];
})()"""


class NoAnswer(AssertionError):
    """The browser refuses, or the page raises: what it was about may be gone, or not there yet."""


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
    _width: int = 0

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
                if "error" in answer:
                    raise NoAnswer(answer)
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
        self.resize(width, dark=dark)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=url)
        until = time.monotonic() + _PATIENCE
        while not self._loaded:
            assert time.monotonic() < until, f"{url} does not load"
            self._next()
        self.value("1")  # what its script complains of has come by then

    def resize(self, width: int, *, dark: bool = False) -> None:
        """Shows the page on a screen so wide."""
        self._width = width
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    @property
    def fits(self) -> bool:
        """Whether nobody has to scroll to the side."""
        return bool(self.value("document.documentElement.scrollWidth") <= self._width)

    @property
    def text(self) -> str:
        """What the page shows."""
        return str(self.value("document.body.innerText"))

    @property
    def html(self) -> str:
        """The page as it stands, also where no script may run."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        return str(self.call("DOM.getOuterHTML", nodeId=root)["outerHTML"])

    @property
    def faint(self) -> list[str]:
        """Texts that stand out less than WCAG's AA asks for."""
        return list(self.value(_FAINT))

    def value(self, expression: str) -> Any:
        """What a JavaScript expression comes to in the page. Raises NoAnswer where it raises."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise NoAnswer(result)
        return result["result"].get("value")

    def until(self, expression: str, seconds: float = _PATIENCE) -> Any:
        """What the expression comes to once that is true, on this page or the next."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(NoAnswer):
                if found := self.value(expression):
                    return found
            time.sleep(0.05)
        raise AssertionError(f"{seconds} s without {expression}: {self.text[:2000]}")

    def point_at(self, x: float, y: float) -> None:
        """Moves the pointer there."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._from], [], [], _PATIENCE)[0], "the browser says nothing"
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
    command = [CHROMIUM, *_FLAGS]
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
