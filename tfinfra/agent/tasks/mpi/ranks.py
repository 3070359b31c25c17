"""The ranks of one node, as rank.sh records them: a file with the pid, a file with the exit status."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

from tfinfra.agent.node.processes import end_group, has_mapped, is_alive, signal_group
from tfinfra.backends.statuses import ending
from tfinfra.model import Task, TaskStatus
from tfinfra.system.clock import Clock

_KILLED = 128 + 9
_FINAL = ("succeeded", "failed", "stopped")
_OF_PMIX = "pmix-gds-shmem"  # what a process maps in MPI_Init: the data that it gets from its prted
_LOOK = 1.0
_RECORD = 0.2  # seconds from a rank's end to its record
_LAUNCHER = 2.0  # seconds from the end of a rank without one to that of the launcher which ended it


class Rank:
    """One rank. Open MPI starts it in a process group of its own, whose id is the recorded pid."""

    def __init__(self, task: Task, folder: Path, clock: Clock) -> None:
        self._pid_file = folder / f"{task.name}.pid"
        self._exit_file = folder / f"{task.name}.exit"
        self._clock = clock
        self._vanished: float | None = None
        self._gone = 0.0
        self._next_look = 0.0
        self._rest_ended = False
        self.status = TaskStatus(task.name, task.node, "pending")

    def poll(self, *, stopping: bool, launched: bool) -> bool:
        """Whether the status has changed. `launched`: what started it runs, and may yet say why it is gone."""
        if self.status.state in _FINAL:
            self._end_rest()
            return False
        before = self.status
        if before.state == "pending":
            pid = _number(self._pid_file)
            if pid is not None:
                self.status = replace(before, state="running", pid=pid, started=self._pid_file.stat().st_mtime)
            elif stopping:
                self.status = replace(before, state="stopped", ended=self._clock.time())
        if self.status.state == "running":
            now, pid = self._clock.monotonic(), self.status.pid
            if not self.status.joined and pid is not None and now >= self._next_look:
                self._next_look = now + _LOOK
                self.status = replace(self.status, joined=has_mapped(pid, _OF_PMIX))
            code = _number(self._exit_file)
            if code is not None:
                self._end(code, stopping=stopping)
            elif self._is_cut_off(_LAUNCHER if launched else _RECORD):
                self.status = replace(self.status, cut_off=True)
                self._end(_KILLED, stopping=stopping)
        return self.status != before

    def signal(self, number: signal.Signals) -> None:
        if self.status.pid is not None:
            signal_group(self.status.pid, number)

    def running(self) -> bool:
        return self.status.state == "running" and self.status.pid is not None and is_alive(self.status.pid)

    def _end_rest(self) -> None:
        """Ends what the rank started, once rank.sh is gone, which records the status just before it ends: killed on its
        way out it would look to mpirun like a rank that failed, and all others would be ended."""
        if not self._rest_ended and self.status.pid is not None and not is_alive(self.status.pid):
            self._rest_ended = True
            end_group(self.status.pid)

    def _is_cut_off(self, patience: float) -> bool:
        """Whether the rank is gone and has recorded nothing within `patience`: all of its group was killed at once. If
        only the script is killed, as by the kernel where memory ends, rank.sh records it."""
        if self.status.pid is not None and is_alive(self.status.pid):
            return False
        if self._vanished is None:
            self._vanished = self._clock.monotonic()
            self._gone = self._clock.time()
        return self._clock.monotonic() - self._vanished > patience

    def _end(self, code: int, *, stopping: bool) -> None:
        try:
            ended = self._exit_file.stat().st_mtime  # of several, the first is the one that the others were ended for
        except FileNotFoundError:
            ended = self._gone
        # What was cut off did not fail: its launcher ended it, or a signal to its whole group.
        stopped = stopping or self.status.cut_off
        state = "stopped" if stopped else "succeeded" if code == 0 else "failed"
        status = replace(self.status, state=state, exit_status=code, ended=ended)
        if state == "failed":
            status = replace(status, message=ending(status))
        self.status = status


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
