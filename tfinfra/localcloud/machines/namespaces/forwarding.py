"""Forwards a node's connections out of its network: to the cloud's ARM, to its metadata endpoint and to the run's
store, and nowhere else.

The listening sockets were made inside the node's network namespace; what accepts from them and connects onwards runs in
the host's. Bytes pass unchanged, but for the head of a metadata request: its path gets the machine's own prefix.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def to_socket(path: Path) -> Handler:
    """Forwards to the Unix socket `path`."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # without the daemon the node sees its connection closed, and tries again
            await _join(reader, writer, *await asyncio.open_unix_connection(str(path)))
        writer.close()

    return handle


def to_port(port: int) -> Handler:
    """Forwards to `port` of the host's loopback."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await _join(reader, writer, *await asyncio.open_connection("127.0.0.1", port))
        writer.close()

    return handle


def to_url(url: str) -> Handler:
    """Forwards HTTP requests to `url`, one per connection; its path comes before the request's own."""
    parts = urlsplit(url)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            head = rewrite_head(await reader.readuntil(b"\r\n\r\n"), parts.netloc, parts.path.rstrip("/"))
            onwards = await asyncio.open_connection(parts.hostname, parts.port or 80)
            onwards[1].write(head)
            await _join(reader, writer, *onwards)
        writer.close()

    return handle


def rewrite_head(head: bytes, host: str, prefix: str) -> bytes:
    """A request's head for `host`, its path below `prefix`, its connection closed after the answer.

    Raises ValueError where it is no HTTP request.
    """
    request, *lines = head[:-4].split(b"\r\n")
    method, path, version = request.split(b" ")
    ours = (b"host:", b"connection:")
    kept = [line for line in lines if not line.lower().startswith(ours)]
    first = b" ".join((method, prefix.encode() + path, version))
    return b"\r\n".join((first, b"Host: " + host.encode(), b"Connection: close", *kept)) + b"\r\n\r\n"


async def serve(listeners: list[tuple[socket.socket, Handler]], until: asyncio.Event) -> None:
    """Forwards what arrives on the listening sockets until the event is set."""
    servers = [await asyncio.start_server(handler, sock=sock) for sock, handler in listeners]
    await until.wait()
    for server in servers:
        server.close()


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    try:
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    finally:
        far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
