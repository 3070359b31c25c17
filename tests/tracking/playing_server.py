"""An MLflow server that is played: it keeps what it was sent, and answers as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes, dict[str, str]]

NONE = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}


@dataclass
class Played:
    """`answer` is (status, bytes, headers) for every call, None for MLflow's own answers; `first` are the answers to
    the first calls of a route; each answer takes `seconds`."""

    url: str = ""
    answer: Answer | None = None
    first: dict[str, list[Answer | None]] = field(default_factory=dict)
    seconds: float = 0.0
    calls: list[tuple[str, Any, str | None]] = field(default_factory=list)

    def answer_to(self, route: str) -> Answer:
        time.sleep(self.seconds)
        answer = self.first[route].pop(0) if self.first.get(route) else self.answer
        if answer is not None:
            return answer
        own: dict[str, Any] = {
            "experiments/get-by-name": None,
            "experiments/create": {"experiment_id": "1"},
            "runs/search": {},
            "runs/create": {"run": {"info": {"run_id": f"id-{len(self.calls)}"}}},
        }
        said = own.get(route, {})
        return (200 if said is not None else 404), json.dumps(said or NONE).encode(), {}

    def metrics(self) -> list[tuple[str, float | str, int]]:
        rows = [row for route, body, _ in self.calls if route == "runs/log-batch" for row in body.get("metrics", ())]
        return [(row["key"], row["value"], row["step"]) for row in rows]


@contextmanager
def playing() -> Iterator[Played]:
    played = Played()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            route = self.path.partition("/api/2.0/mlflow/")[2].partition("?")[0]
            played.calls.append((route, json.loads(data) if data else None, self.headers.get("Authorization")))
            status, said, headers = played.answer_to(route)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = _take  # noqa: N815  the names that the server looks for

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
