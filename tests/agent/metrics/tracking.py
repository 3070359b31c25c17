"""A tracking server of a node's, and requests as a task makes them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clocks import FakeClock
from tfinfra.agent.metrics.tracked import Tracker
from tfinfra.agent.metrics.tracking_server import TrackingServer
from tfinfra.model import Logged, Point, Remark

RUN, SECRET, API = "digits-abc123", "s3cr3t", "/api/2.0/mlflow/"


@dataclass
class Served:
    """`logged` is all that was kept."""

    port: int
    tracker: Tracker
    logged: list[Logged] = field(default_factory=list)

    @property
    def points(self) -> list[Point]:
        return [each for each in self.logged if isinstance(each, Point)]

    @property
    def remarks(self) -> list[tuple[str, str, str, str | None, str]]:
        """(task, kind, name, text, run)"""
        said = [each for each in self.logged if isinstance(each, Remark)]
        return [(each.task, each.kind, each.name, each.text, each.run) for each in said]

    def ask(
        self, method: str, path: str, body: Any = None, token: str = f"rank-0.{SECRET}", **headers: str
    ) -> tuple[int, Any]:
        """The status, and the answer: JSON where it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Authorization": f"Bearer {token}", **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if answer.getheader("Content-Type") == "application/json" else text

    def post(self, path: str, **body: Any) -> Any:
        """The answer to what must be taken."""
        status, said = self.ask("POST", API + path, body)
        assert status == 200, said
        return said


@contextmanager
def served() -> Iterator[Served]:
    logged: list[Logged] = []
    tracker = Tracker(RUN, "digits", Path("/shared/outputs/artifacts"), logged.extend, FakeClock())
    server = TrackingServer(tracker, SECRET, {"rank-0", "rank-1"})
    server.start()
    try:
        yield Served(int(server.url.rpartition(":")[2]), tracker, logged)
    finally:
        server.stop()
