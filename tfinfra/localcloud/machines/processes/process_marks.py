"""Finds what a process machine started, whatever session or parent it has by now: everything that a machine starts
inherits the mark in its environment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path

MARK = "TFINFRA_NODE"


def kill_marked(vm_ids: Collection[str]) -> bool:
    """Kills all running processes of these machines; True where there were any."""
    marks = {f"{MARK}={vm_id}".encode() for vm_id in vm_ids}
    found = [pid for pid, variables in _environments() if pid != os.getpid() and not marks.isdisjoint(variables)]
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(found)


def kill_all_marked(vm_ids: Collection[str]) -> None:
    """Kills these machines' processes until none is left: one may start another before it ends."""
    while kill_marked(vm_ids):
        time.sleep(0.002)


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    """Each readable process of this machine: its pid and the variables that it was started with."""
    if sys.platform == "linux":
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):  # it has ended, or is another user's; a zombie reads as empty
                    yield int(folder.name), (folder / "environ").read_bytes().split(b"\0")
        return
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid, [f"{k}={v}".encode() for k, v in process.environ().items()]
