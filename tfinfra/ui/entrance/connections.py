"""Connections that bring nothing: any user of this machine can open them, without a secret. They are ended, so that
they keep nobody out."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

WHOLE_IN = 5.0
"""Seconds that a connection has for a whole request, from its begin or the last answer on. uvicorn's own timeout begins
with the first answer, and ends with the next byte (`H11Protocol.timeout_keep_alive_task`)."""
MOST = 128
"""Connections that are open at a time, about: then whichever has waited longest for its request gives way."""


class Connection(H11Protocol):
    """A connection of the server."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()
        if len(self.connections) > MOST:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._is_whole()

    def handle_events(self) -> None:
        super().handle_events()
        self._look()

    def _look(self) -> None:
        """After all that can begin or end the wait for a request."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._is_whole()
        elif self._late is None and not self.transport.is_closing():
            self._late = self.loop.call_later(WHOLE_IN, self.transport.close)

    def _is_whole(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _make_room(self) -> None:
        waiting = [
            (each._late.when(), each) for each in self.connections if isinstance(each, Connection) and each._late
        ]
        if waiting:
            _, first = min(waiting, key=lambda one: one[0])
            first._is_whole()  # it is not chosen again while it closes
            first.transport.close()
