"""MLflow's tracking API over HTTP on loopback, for the tasks of this node alone: each shows its token."""

from __future__ import annotations

import hmac
import http.server
import json
import logging
import threading
from collections.abc import Collection
from typing import Any

from tfinfra.agent.metrics.answers import Refused, asked_of
from tfinfra.agent.metrics.routes import find_route
from tfinfra.agent.metrics.tracked import Tracker

VERSION = "3.17.2"
"""The newest release of MLflow whose calls are answered: what `/version` says."""
_LARGEST = 16 << 20
_log = logging.getLogger(__name__)


class TrackingServer:
    """Serves from threads of its own, which end with the agent. `secret` is what the tokens end with, `tasks` whose
    they are. Raises OSError where no port of loopback can be had."""

    def __init__(self, tracker: Tracker, secret: str, tasks: Collection[str]) -> None:
        handler = type("Handler", (_Handler,), {"desk": _Desk(tracker, secret, frozenset(tasks))})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="tracking", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is nobody's concern."""


class _Desk:
    """Answers requests, one at a time."""

    def __init__(self, tracker: Tracker, secret: str, tasks: frozenset[str]) -> None:
        self._tracker = tracker
        self._secret = secret
        self._tasks = tasks
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, authorization: str, body: bytes) -> tuple[int, bytes, str]:
        """The status, the body and its type."""
        path, _, query = target.partition("?")
        if method == "GET" and path in ("/health", "/version"):
            return 200, b"OK" if path == "/health" else VERSION.encode(), "text/plain"
        try:
            status, said = 200, self._answered(method, path, query, authorization, body)
        except Refused as refused:
            status, said = refused.status, refused.body()
        except Exception:  # noqa: BLE001  the edge of a thread: a client waits for an answer, whatever went wrong
            _log.exception("could not answer %s %s", method, ascii(path)[:200])
            failed = Refused("INTERNAL_ERROR", "the node's agent could not keep this; its log says why")
            status, said = failed.status, failed.body()
        return status, json.dumps(said).encode(), "application/json"

    def _answered(self, method: str, path: str, query: str, authorization: str, body: bytes) -> dict[str, Any]:
        task = self._task(authorization)
        found, asked = find_route(method, path), asked_of(body, query)
        if found.model:
            asked.plain()["model_id"] = found.model
        with self._lock:
            return found.answer(self._tracker, task, asked)

    def _task(self, authorization: str) -> str:
        task, _, secret = authorization.removeprefix("Bearer ").partition(".")
        if not hmac.compare_digest(secret.encode(), self._secret.encode()) or task not in self._tasks:
            raise Refused("UNAUTHENTICATED", "the variable MLFLOW_TRACKING_TOKEN of a task of this run is needed")
        return task


class _Handler(http.server.BaseHTTPRequestHandler):
    desk: _Desk
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tfinfra", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def _serve(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= _LARGEST:
            self.close_connection = True
            refused = Refused("BAD_REQUEST", f"a request has a length, of {_LARGEST} bytes at most")
            self._send(refused.status, json.dumps(refused.body()).encode(), "application/json")
            return
        body = self.rfile.read(length)
        self._send(*self.desk.answer(self.command, self.path, self.headers.get("Authorization") or "", body))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  the base class looks for these names

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """A training's every value is no line of the agent's log."""
