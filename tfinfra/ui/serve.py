"""The server as a process sees it: its port, its browser, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path

import uvicorn

from tfinfra.errors import UsageError
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress
from tfinfra.system.threads import spawn
from tfinfra.ui.acts import Acts
from tfinfra.ui.app import Ui, guarded
from tfinfra.ui.entrance.connections import WHOLE_IN, Connection
from tfinfra.ui.entrance.door import Door

PORT = 6016
"""Where it answers, or on any free port where that is taken and none is asked for."""
_HOST, _HOST_6 = "127.0.0.1", "::1"
_END = 1.0
"""Seconds that answers under way have once the server is to end."""
_BACKLOG = 64


class _Server(uvicorn.Server):
    """A server on a thread: the signals are the process's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def serving(port: int | None, tell: Progress) -> Iterator[Served]:
    """The pages on loopback within the block, on `port`, 0 for any that is free. Raises UsageError for a port that
    cannot be had."""
    listening = _listen(port)
    chosen = int(listening[0].getsockname()[1])
    folder = state_folder() / "ui"
    door, acts = Door(chosen, tell), Acts(folder)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # it would quote what it does not understand
    config = uvicorn.Config(
        guarded(Ui(door, acts), chosen),
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(WHOLE_IN),
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=16384,
    )
    server = _Server(config)
    ended = spawn(lambda: asyncio.run(server.serve(listening)), "ui")
    try:
        yield Served(door, chosen, folder)
    finally:
        server.should_exit = True
        with suppress(Exception):
            ended.result(_END)
        for command in acts.under_way():
            tell(f"`{command}` goes on by itself")


class Served:
    """A server that runs, on `port`."""

    def __init__(self, door: Door, port: int, folder: Path) -> None:
        self.port = port
        self._door = door
        self._folder = folder

    @property
    def address(self) -> str:
        return self._door.address

    @property
    def numbered_address(self) -> str:
        return self._door.numbered_address

    def until_interrupted(self) -> None:
        """Waits until whoever looks has seen enough: that is no failure."""
        with suppress(KeyboardInterrupt):
            threading.Event().wait()

    @contextmanager
    def in_browser(self) -> Iterator[None]:
        """Opens the address in the browser of this desktop, where there is one. It is given a file that leads there,
        for this user alone: a command line is for all users of the machine to read."""
        path = self._folder / f"open-{os.getpid()}.html"
        with suppress(OSError):
            make_private(self._folder)
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                address = escape(self.address if _is_found(self._door.host) else self.numbered_address)
                file.write(f'<!DOCTYPE html><meta http-equiv="refresh" content="0;url={address}">\n')
            spawn(lambda: webbrowser.open(path.as_uri()), "browser")
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def has_browser(environment: Callable[[str], str | None] = os.environ.get) -> bool:
    """Whether a browser with a window of its own can be opened here: none over ssh, and none that would take the
    terminal."""
    if environment("SSH_CONNECTION") or environment("SSH_TTY"):
        return False
    if sys.platform != "darwin" and not (environment("DISPLAY") or environment("WAYLAND_DISPLAY")):
        return False
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    takes_terminal = isinstance(found, webbrowser.GenericBrowser)
    return not takes_terminal or isinstance(found, webbrowser.BackgroundBrowser)


def _is_found(host: str) -> bool:
    """Whether this desktop's browser finds the name: Safari asks macOS, others know it themselves."""
    if sys.platform != "darwin":
        return True
    try:
        return bool(socket.getaddrinfo(host, None))
    except OSError:
        return False


def _listen(port: int | None) -> list[socket.socket]:
    for wanted in [PORT, 0, 0, 0] if port is None else [port]:
        try:
            return _on_both(wanted)
        except OSError as error:
            if port is not None:
                raise _not_ours(port, error) from error
    raise UsageError("no port of 127.0.0.1 is free")


def _on_both(port: int) -> list[socket.socket]:
    """The port of both of loopback's addresses, of the one where there is no IPv6: to a browser the name is both, and
    at the other one somebody else could wait for the token. Raises OSError."""
    first = _bound(socket.AF_INET, _HOST, port)
    try:
        return [first, _bound(socket.AF_INET6, _HOST_6, first.getsockname()[1])]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            first.close()
            raise
        return [first]


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind((host, port))
        found.listen(_BACKLOG)  # who opens the address at once waits, and is not refused
    except OSError:
        found.close()
        raise
    return found


def _not_ours(port: int, error: OSError) -> UsageError:
    if error.errno == errno.EACCES:
        return UsageError(f"port {port} is for this machine's administrator", hint="one above 1023 is for all")
    return UsageError(f"port {port} is taken", hint="--port 0 takes any that is free")
