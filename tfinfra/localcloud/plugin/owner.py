"""Lets only this user's processes call the plugin: Pulumi's protocol has no authentication, and its port is open to
every user of the machine, while the plugin acts with its owner's token."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOOPBACK = f"{int.from_bytes(socket.inet_aton('127.0.0.1'), sys.byteorder):08X}"


class OwnerOnly:
    """A gRPC server interceptor. Set `port`, the server's own, before it starts."""

    def __init__(self) -> None:
        self.port = 0

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        import grpc  # type: ignore[import-untyped] # it ships no types

        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return None  # the provider protocol that the plugin speaks has no streams

        def guarded(request: Any, context: Any) -> Any:
            client = int(context.peer().rpartition(":")[2])  # of "ipv4:127.0.0.1:<port>", or the same for IPv6
            if uid_of(client, self.port) not in (os.geteuid(), None):
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "this plugin serves another user")
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(guarded, handler.request_deserializer, handler.response_serializer)


def uid_of(client: int, server: int) -> int | None:
    """The user whose socket is connected from the loopback port `client` to `server`; -1 where there is none, None
    where the system has no such table (it is no Linux)."""
    if not _TABLES[0].exists():
        return None
    ends = (f"{_LOOPBACK}:{client:04X}", f"{_LOOPBACK}:{server:04X}")
    for table in (t for t in _TABLES if t.exists()):
        for row in (line.split() for line in table.read_text("utf-8").splitlines()[1:]):
            if row[1].endswith(ends[0]) and row[2].endswith(ends[1]):
                return int(row[7])
    return -1
