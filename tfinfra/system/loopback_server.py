"""JSON over HTTP on 127.0.0.1, on threads of this process: for who must be asked by a program that can ask nothing but
a URL."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str, str, Mapping[str, str]], tuple[int, Any]]
"""(status, document) for a request's method, its path with the query, and its headers, whose names are lower-case."""


class LoopbackServer:
    """Serves within its `with`, or by `serve`. Nothing is logged: a request may hold a secret."""

    def __init__(self, answer: Answer, name: str) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer))
        self._server.daemon_threads = True
        self._name = name

    @property
    def origin(self) -> str:
        """http://127.0.0.1:<port>"""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> LoopbackServer:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True, name=self._name).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Until the process ends."""
        self._server.serve_forever()


def _handler(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class JsonHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, document = answer(self.command, self.path, headers)
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
            """Says nothing."""

    return JsonHandler
