"""The process that drives a run, as its record names it: known again for certain, because it may be signalled."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfinfra.model.shapes import Moment, Pid

CLIENT_SECONDS = 600.0
"""Seconds that a client has to collect and delete; it is waited for no longer than it lives."""


@dataclass(frozen=True)
class ClientProcess:
    """The process that drives a run. `started` (Unix seconds) and, where the system has one, `mark` (its boot, and the
    tick at which it began) tell it from a later one with the same id."""

    pid: Pid
    started: Moment
    mark: str | None = None


def this_process() -> ClientProcess:
    """The calling process, as a record names it."""
    return process_of(os.getpid())


def process_of(pid: int) -> ClientProcess:
    """A process that runs, as a record names it. Raises psutil.Error where it does not."""
    import psutil

    return ClientProcess(pid, psutil.Process(pid).create_time(), _mark(pid))


def _mark(pid: int) -> str | None:
    """What no other process has in this boot or another; unlike a time of day it holds when the clock is set."""
    if sys.platform != "linux":
        return None
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return f"{boot}:{stat[stat.rindex(b')') + 2 :].split()[19].decode()}"  # the name before may hold blanks and ")"


def is_alive(client: ClientProcess | None) -> bool:
    """Whether the process that drove a run still does."""
    import psutil

    if client is None:
        return False
    try:
        process = psutil.Process(client.pid)
        same = _mark(client.pid) == client.mark if client.mark else process.create_time() == client.started
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def stop_process(client: ClientProcess | None) -> None:
    """Ends a driving process, as Ctrl-C would, and waits for it; does nothing where it has gone."""
    if client is None or client.pid == os.getpid() or not is_alive(client):
        return
    with suppress(ProcessLookupError):  # it ended by itself meanwhile
        os.kill(client.pid, signal.SIGTERM)
    wait_until(lambda: not is_alive(client), CLIENT_SECONDS)


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether `done` came true within `seconds`."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
