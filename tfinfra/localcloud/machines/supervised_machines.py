"""What both kinds of machine have in common: a supervisor is started, its record is read, its machines are ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tfinfra.localcloud.machines.interface import InstanceState, ScaleSetSpec
from tfinfra.localcloud.machines.machine_record import (
    REBOOT,
    RECORD,
    InstanceRecord,
    ProcessId,
    Record,
    is_alive,
    is_rebooting,
    read_record,
)
from tfinfra.localcloud.machines.processes.process_marks import kill_marked
from tfinfra.localcloud.machines.spec_json import spec_to_text
from tfinfra.system import child_python
from tfinfra.system.strange_trees import remove_tree

_START_LIMIT = 60.0
_STOP_LIMIT = 10.0
_SUPERVISOR = "tfinfra.localcloud.machines.supervisor"


class SupervisedMachines:
    """`Machines` of either kind: a supervisor for each scale set, known by its record in the set's folder."""

    kind: str

    def start(self, spec: ScaleSetSpec) -> None:
        start_supervisor(self.kind, spec)

    def states(self, folder: Path) -> Sequence[InstanceState]:
        return recorded_states(folder)

    def end(self, folder: Path, name: str) -> None:
        record = read_record(folder)
        first = [i.process for i in record.instances if i.name == name and i.process] if record else []
        _kill(first, signal.SIGKILL, _STOP_LIMIT)

    def reboot(self, folder: Path, name: str) -> None:
        if name not in [state.name for state in recorded_states(folder) if state.running]:
            raise OSError(f"{name} does not run")
        (folder / name / REBOOT).touch()
        self.end(folder, name)
        if not _wait(lambda: not is_rebooting(folder / name), _START_LIMIT):
            raise OSError(f"{name} did not come back within {_START_LIMIT:.0f} s")

    def stop(self, folder: Path) -> None:
        stop_recorded(folder)


def start_supervisor(kind: str, spec: ScaleSetSpec) -> None:
    """Boots the spec's machines. Raises OSError with the reason; nothing is left then."""
    if any(state.running for state in recorded_states(spec.folder)):
        raise OSError(f"{spec.folder} has running machines")
    spec = replace(spec, folder=spec.folder.absolute())
    spec.folder.mkdir(parents=True, exist_ok=True)
    for instance in spec.instances:
        remove_disks(spec.folder / instance.name)
    reason = _call_supervisor(kind, spec)
    if reason:
        stop_recorded(spec.folder)
        raise OSError(f"{kind} machines: {reason}")


def _call_supervisor(kind: str, spec: ScaleSetSpec) -> str:
    """Starts it; returns why that failed, "" where it did not."""
    try:
        done = subprocess.run(
            child_python.module(_SUPERVISOR),
            input=spec_to_text(kind, spec),
            capture_output=True,
            text=True,
            timeout=_START_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the machines did not begin to boot within {_START_LIMIT:.0f} s"
    return (done.stderr.strip() or f"exit status {done.returncode}") if done.returncode else ""


def recorded_states(folder: Path) -> Sequence[InstanceState]:
    """The recorded machines as they are now: one is gone with its first process, or with the supervisor."""
    record = read_record(folder)
    if record is None:
        return []
    supervised = is_alive(record.supervisor)
    return [_state(entry, supervised, folder / entry.name) for entry in record.instances]


def stop_recorded(folder: Path) -> None:
    """Ends the folder's machines and removes their disks and the record; logs stay. Raises TimeoutError."""
    record = read_record(folder)
    if record is None:
        return
    _end(record)
    for entry in record.instances:
        remove_disks(folder / entry.name)
    (folder / RECORD).unlink(missing_ok=True)


def remove_disks(folder: Path) -> None:
    """Removes all that a machine wrote; its console's log stays."""
    for child in folder.iterdir() if folder.is_dir() else ():
        if child.is_dir() and not child.is_symlink():
            remove_tree(child)


def _state(entry: InstanceRecord, supervised: bool, folder: Path) -> InstanceState:
    alive = is_alive(entry.process) if entry.process else supervised
    running = entry.exit_status is None and (alive or (supervised and is_rebooting(folder)))
    message = "" if running else entry.message or "its processes are gone"
    return InstanceState(entry.name, entry.address, running, message)


def _end(record: Record) -> None:
    """A namespace dies with its supervisor; process machines are first ended by theirs, which knows their orphans."""
    gentle = record.kind == "process"
    if not (gentle and _kill([record.supervisor], signal.SIGTERM, 2.0)):
        _kill([record.supervisor], signal.SIGKILL, _STOP_LIMIT)
    first = [i.process for i in record.instances if i.process]
    if gentle:
        _kill(first, signal.SIGKILL, _STOP_LIMIT)
        while kill_marked({i.vm_id for i in record.instances}):
            time.sleep(0.002)
    elif not _wait_gone(first, _STOP_LIMIT):
        raise TimeoutError(f"machines outlive their supervisor (pid {record.supervisor.pid})")


def _kill(processes: Iterable[ProcessId], number: signal.Signals, limit: float) -> bool:
    """Signals each that still runs; whether all were gone within `limit` seconds."""
    alive = [p for p in processes if is_alive(p)]
    for process in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
    return _wait_gone(alive, limit)


def _wait_gone(processes: Sequence[ProcessId], limit: float) -> bool:
    return _wait(lambda: not any(is_alive(p) for p in processes), limit)


def _wait(condition: Callable[[], bool], limit: float) -> bool:
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True
