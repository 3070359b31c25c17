"""What a trial leaves running beside its tasks: a process that has left its task's session, as daemons do."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.node.processes import signal_process

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_GONE = 2.0  # seconds that killed processes may take to vanish
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Found:
    """A process as proc(5) has it; `started` tells it from a later one with the same id."""

    pid: int
    parent: int
    session: int
    started: int
    is_zombie: bool


class Strays:
    """From now on whatever descends from this process stays below it, also when what started it is gone: so it can be
    found, and ended. What is there already is no stray, nor is what shares this process's session: its own helpers."""

    def __init__(self) -> None:
        with suppress(OSError, AttributeError):  # no Linux
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._known = frozenset((each.pid, each.started) for each in _descendants())

    def end(self) -> int:
        """Kills all strays, and those that they start meanwhile; returns how many there were, once they are gone."""
        seen, give_up = set[int](), time.monotonic() + _GONE
        while (strays := self._find()) and time.monotonic() < give_up:
            for each in strays:
                if each.is_zombie:
                    _reap(each)
                else:
                    seen.add(each.pid)
                    signal_process(each.pid, signal.SIGKILL)
            time.sleep(0.005)
        if seen:
            _log.warning("%d processes had outlived their tasks and were killed", len(seen))
        return len(seen)

    def _find(self) -> list[_Found]:
        own = os.getsid(0)
        return [
            each
            for each in _descendants()
            if each.session != own
            and (each.pid, each.started) not in self._known
            and (not each.is_zombie or each.parent == os.getpid())
        ]


def _reap(zombie: _Found) -> None:
    """Only of another session than this process's: what waits for a helper would take its lost status for a good
    one."""
    with suppress(ChildProcessError):
        os.waitpid(zombie.pid, os.WNOHANG)


def _descendants() -> list[_Found]:
    """Of this process; [] where the system has no /proc."""
    children: dict[int, list[_Found]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):  # it is gone
            fields = (process / "stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
            found = _Found(int(process.name), int(fields[1]), int(fields[3]), int(fields[19]), fields[0] in ("Z", "X"))
            children.setdefault(found.parent, []).append(found)
    found_below, waiting = list[_Found](), [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found_below += below
        waiting += [each.pid for each in below]
    return found_below
