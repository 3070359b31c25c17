"""The daemon's four listeners: ARM on loopback and on a Unix socket (TLS), instance metadata on both (plain HTTP)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tfinfra.localcloud.common.state_files import own_folder

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

KEEP_ALIVE_SECONDS = 75
_open: dict[tuple[str, int], asyncio.Transport] = {}


class Protocol(H11Protocol):
    """Remembers each TCP connection, so that one can be dropped in the middle of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            _open.pop(self.client, None)
        super().connection_lost(exc)


def drop(scope: Scope) -> None:
    """Closes the connection of a request at once, without an answer."""
    transport = _open.get(tuple(scope.get("client") or ()))
    if transport is not None:
        transport.abort()


class _Server(uvicorn.Server):
    """One of several servers of a process: the signals are the daemon's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def loopback_socket(port: int) -> socket.socket:
    """A listening socket on `port`, or on a free one where that is taken by now or 0."""
    for wanted in (port, 0):
        # the protocol is named because asyncio turns Nagle's delays (40 ms an answer) off only where it is
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(("127.0.0.1", wanted))
        except OSError:
            found.close()
            continue
        return found
    raise OSError("no free port on 127.0.0.1")


def unix_socket(path: Path) -> socket.socket:
    """A listening Unix socket; one that an earlier daemon left is replaced."""
    own_folder(path.parent)
    path.unlink(missing_ok=True)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.bind(str(path))
    path.chmod(0o600)
    return found


def server(app: ASGIApp, certificate: Path | None) -> uvicorn.Server:
    tls: dict[str, Any] = {"ssl_certfile": certificate, "ssl_keyfile": certificate} if certificate else {}
    return _Server(
        uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            backlog=1024,
            **tls,
        )
    )
