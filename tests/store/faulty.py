"""A faulty network in front of a Blob service: a small HTTPS proxy of the tests' own that throttles and breaks off."""

from __future__ import annotations

import http.client
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.store.azurite import Azurite

Fault = Callable[["Proxied"], bool]
"""Whether it has answered the request itself."""


@dataclass
class Faults:
    """What goes wrong, asked in turn for every request; `seen` are the requests' methods, targets and ranges."""

    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)


class Proxied(http.server.BaseHTTPRequestHandler):
    """One request on its way to azurite; `cut`: bytes of the answer's body after which its connection is closed."""

    protocol_version = "HTTP/1.1"
    azurite: Azurite
    plan: Faults
    cut: int | None = None

    def _handle(self) -> None:
        self.cut = None
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.plan.seen.append((self.command, self.path, self.headers.get("x-ms-range") or self.headers.get("Range")))
        if not any(fault(self) for fault in self.plan.faults):
            self._pass_on(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815  the base class calls these

    def throttle(self, status: int) -> bool:
        """As Blob says that it is too busy; with no body, for a HEAD has none."""
        self.send_response(status)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def _pass_on(self, body: bytes) -> None:
        context = ssl.create_default_context(cafile=self.azurite.server.ca)
        onwards = http.client.HTTPSConnection("127.0.0.1", self.azurite.server.port, context=context)
        onwards.request(self.command, self.path, body, dict(self.headers.items()))
        answer = onwards.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in (
                "transfer-encoding",
                "connection",
                "content-length",
                "keep-alive",
                "date",
                "server",
            ):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(data)))
        self.end_headers()
        self.wfile.write(data[: self.cut])
        if self.cut is not None and self.cut < len(data):
            self.close_connection = True
        onwards.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        del format, args


@contextmanager
def faulty(azurite: Azurite, *faults: Fault) -> Iterator[tuple[str, Faults]]:
    """The URL of azurite's container through the proxy, and what the proxy saw."""
    plan = Faults(list(faults))
    handler = type("Handler", (Proxied,), {"azurite": azurite, "plan": plan})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(azurite.server.certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield azurite.through(server.server_port), plan
    finally:
        server.shutdown()
        server.server_close()
