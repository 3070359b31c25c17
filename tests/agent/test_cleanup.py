"""The deletion that a node asks for where nobody watches: by its identity, through ARM, and only when it may."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.agent.clocks import FakeClock
from tests.backends.specs import plan_of, spec
from tfinfra.agent.cleanup import delete_compute_group
from tfinfra.agent.heartbeat import Pulse
from tfinfra.agent.host import Host
from tfinfra.agent.linger import linger
from tfinfra.agent.logs import LogShipper
from tfinfra.agent.metadata import Metadata
from tfinfra.agent.node import Identity
from tfinfra.agent.places import Places
from tfinfra.agent.records import write
from tfinfra.model import NodeSettings, Outcome, Timeouts
from tfinfra.store import MemoryStore


class Over(Exception):
    """The test has seen enough."""


@dataclass
class Cloud:
    """An ARM and a metadata endpoint in one server, which remembers what it was asked."""

    url: str = ""
    deletions: list[tuple[str, str | None]] = field(default_factory=list)
    status: int = 202


@contextmanager
def cloud() -> Iterator[Cloud]:
    made = Cloud()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, b'{"access_token": "token", "expires_on": "9999999999"}')

        def do_DELETE(self) -> None:
            made.deletions.append((self.path, self.headers["Authorization"]))
            self._answer(made.status, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def settings(url: str) -> NodeSettings:
    timeouts = Timeouts(1, 1, 1, 1)
    group = "/subscriptions/s/resourceGroups/tfinfra-r-compute"
    return NodeSettings("r", "file:///s", None, "b", "", "client", url, None, group, "2030-01-01T00:00:00Z", timeouts)


def test_the_compute_group_is_deleted_with_the_nodes_token() -> None:
    with cloud() as arm:
        assert delete_compute_group(settings(arm.url), Metadata(arm.url, "client"))
        group = "/subscriptions/s/resourceGroups/tfinfra-r-compute?api-version=2021-04-01"
        assert arm.deletions == [(group, "Bearer token")]


@pytest.mark.parametrize(("status", "taken"), [(404, True), (403, False), (500, False)])
def test_what_is_gone_counts_as_taken_and_a_refusal_does_not(status: int, taken: bool) -> None:
    with cloud() as arm:
        arm.status = status
        assert delete_compute_group(settings(arm.url), Metadata(arm.url, "client")) is taken


class CountedClock(FakeClock):
    """Ends the test after a simulated time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._until = self.now + seconds

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now > self._until:
            raise Over


def lingered(seconds: float, *, hold: int = 0, result: str = "succeeded", keep: bool = False) -> int:
    """How many deletions an unwatched, responsible node asks for within `seconds`."""
    store, clock = MemoryStore(), CountedClock(seconds)
    write(store, "outcome.json", Outcome(result, "m"))
    if keep:
        store.put("control/keep.json", b"{}")
    with cloud() as arm:
        host = Host(
            settings(arm.url),
            replace(plan_of(spec("single")), hold_on_failure=hold),
            Places(Path("/nowhere")),
            {},
            clock,
            Metadata(arm.url, "client"),
            Identity("id", "10.0.0.4", None),
            store,
            Pulse(store, "id", clock),
            LogShipper(store, clock, free=True),
            0.1,
        )
        with pytest.raises(Over):
            linger(host, responsible=True)
        return len(arm.deletions)


def test_an_unwatched_run_is_deleted_after_20_seconds() -> None:
    assert lingered(15) == 0
    assert lingered(40) == 1


def test_a_failed_run_is_held_as_the_manifest_says() -> None:
    assert lingered(100, hold=600, result="failed") == 0
    assert lingered(100, hold=600, result="succeeded") > 0
    assert lingered(630, hold=600, result="failed") == 1


def test_a_kept_run_stays() -> None:
    assert lingered(1000, keep=True) == 0
