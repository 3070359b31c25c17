"""A mirror of the plugin's archive: an HTTP server on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mirror:
    """`files` by their path; `tear` are how many answers break off half-way, `reset` how many by a reset, `fail` how
    many are a 503; `broken` are the statuses of those that never work, by the path's end (0: the answer breaks off,
    -1: none comes); `asked` is what came in, with its Authorization header;
    `length` is what is said of the length instead of the truth."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    tear: int = 0
    reset: int = 0
    fail: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    length: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving() -> Iterator[Mirror]:
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.asked.append((self.path, self.headers.get("Authorization")))
            status = next((status for end, status in mirror.broken.items() if self.path.endswith(end)), None)
            if status is not None:
                self._break(status)
            elif mirror.fail:
                mirror.fail -= 1
                self.send_error(503)
            elif self.path in mirror.redirects:
                self.send_response(302)
                self.send_header("Location", mirror.redirects[self.path])
                self.end_headers()
            elif self.path not in mirror.files:
                self.send_error(404)
            else:
                self._send(mirror.files[self.path])

        def _break(self, status: int) -> None:
            if status < 0:
                return
            if status:
                self.send_error(status)
                return
            self.send_response(200)
            self.send_header("Content-Length", "64")
            self.end_headers()
            self.wfile.write(b"1" * 20)

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", mirror.length or str(len(body)))
            self.end_headers()
            if mirror.tear:
                mirror.tear -= 1
                body = body[: len(body) // 2]
            if mirror.reset:
                mirror.reset -= 1
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()  # unread by the other side: it hears of a reset
                return
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
