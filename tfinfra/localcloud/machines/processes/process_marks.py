"""Finds what a process machine started, whatever session or parent it has by now: everything that a machine starts
inherits the mark in its environment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

MARK = "TFINFRA_NODE"


def kill_marked(vm_ids: Collection[str]) -> bool:
    """Kills all running processes of these machines; True where there were any."""
    found = list(_marked({f"{MARK}={v}".encode() for v in vm_ids}))
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(found)


def _marked(marks: set[bytes]) -> Iterator[int]:
    for pid, environment in _environments():
        if pid != os.getpid() and not marks.isdisjoint(environment):
            yield pid


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    return _environments_linux() if sys.platform == "linux" else _environments_elsewhere()


def _environments_linux() -> Iterator[tuple[int, list[bytes]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # ended meanwhile, or another user's; a zombie reads as empty
                yield int(folder.name), (folder / "environ").read_bytes().split(b"\0")


def _environments_elsewhere() -> Iterator[tuple[int, list[bytes]]]:
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid, [f"{k}={v}".encode() for k, v in process.environ().items()]
