"""Starts and ends processes: each in a session of its own, dying with the agent, ended with all its descendants."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_GONE = 2.0  # seconds that a killed process may take to vanish before its agent goes on without


@dataclass(frozen=True)
class Command:
    """`log` takes both streams and is appended to; no text shows the `environment`, which holds secrets."""

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    log: Path


class Process:
    """A running Command, leader of a session: its id is its pid. Start it from the main thread only, because Linux
    sends the parent-death signal when the starting thread ends."""

    def __init__(self, command: Command) -> None:
        unlock_memory()
        with command.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [*die_with_parent(), *command.argv],
                cwd=command.folder,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def poll(self) -> int | None:
        """The exit status as a shell would give it (128 + n for a signal n), None while it runs."""
        code = self._popen.poll()
        return code if code is None or code >= 0 else 128 - code

    def term_signal(self) -> int | None:
        """The signal that ended it, else None: a launcher that ends itself with 137 says so of its rank."""
        code = self._popen.poll()
        return -code if code is not None and code < 0 else None

    def signal(self, number: signal.Signals) -> None:
        """Sends `number` to all processes of the session, the group's first."""
        signal_group(self.pid, number)
        for pid in session_members(self.pid):
            signal_process(pid, number)

    def end_rest(self) -> None:
        """Kills what this process, which has ended, has left of its session; returns once that is gone."""
        self.signal(signal.SIGKILL)
        _until_gone(lambda: session_members(self.pid))


@cache
def unlock_memory() -> None:
    """Raises this process's limit of locked memory, which its children inherit, as far as that is permitted: RDMA locks
    what it sends, and a service's default of a few MB is not enough (tensorflow/tensorflow#51760)."""
    hardest = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    for limit in (resource.RLIM_INFINITY, hardest):
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
        except (OSError, ValueError):
            continue  # without the right to raise the hard limit
        return


@cache
def die_with_parent() -> tuple[str, ...]:
    """The command prefix that makes a process die with its parent; () where the machine has none."""
    tool = shutil.which("setpriv")
    if tool is None:
        return ()
    prefix = (tool, "--pdeathsig", "KILL")
    probe = subprocess.run([*prefix, "true"], check=False, capture_output=True)
    return prefix if probe.returncode == 0 else ()


def signal_group(group: int, number: signal.Signals) -> None:
    """Sends `number` to a process group that may be gone."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def end_group(group: int) -> None:
    """Kills a process group that may be gone; returns once it is."""
    signal_group(group, signal.SIGKILL)
    _until_gone(lambda: group_members(group))


def _until_gone(members: Callable[[], list[int]]) -> None:
    """A killed process is gone only once the kernel has let go of it: a read of a slow disk can hold it a while."""
    give_up = time.monotonic() + _GONE
    while members() and time.monotonic() < give_up:
        time.sleep(0.005)


def signal_process(pid: int, number: signal.Signals) -> None:
    """Sends `number` to a process that may be gone."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def is_alive(pid: int) -> bool:
    """Whether the process runs: a zombie does not."""
    try:
        return _stat(Path(f"/proc/{pid}"))[0] not in ("Z", "X")
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return False
    try:  # a system without /proc
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def has_mapped(group: int, name: str) -> bool:
    """Whether a process of the group has mapped a file of that name; False where the system has no /proc."""
    for pid in group_members(group):
        with suppress(OSError):
            if name.encode() in Path(f"/proc/{pid}/maps").read_bytes():
                return True
    return False


def group_members(group: int) -> list[int]:
    """The living processes of a process group; [] where the system has no /proc."""
    return _members(2, group)


def session_members(session: int) -> list[int]:
    """The living processes of a session, whatever group they are in; [] where the system has no /proc."""
    return _members(3, session)


def _members(field: int, value: int) -> list[int]:
    """The processes with `value` in that field of /proc/<pid>/stat, counted from the state: 2 is the group, 3 the
    session. Zombies are none."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is gone
            fields = _stat(process)
            if fields[0] not in ("Z", "X") and int(fields[field]) == value:
                found.append(int(process.name))
    return found


def _stat(process: Path) -> list[str]:
    """The fields of /proc/<pid>/stat from the third (state) on: the second, a name, may hold spaces."""
    return (process / "stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
