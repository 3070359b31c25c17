"""The machines of this host: each scale set has a supervisor process, which its record in the set's folder names. The
two kinds of machine differ in what their supervisor does, and in how it is ended."""

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
    ProcessId,
    is_alive,
    is_rebooting,
    read_record,
)
from tfinfra.localcloud.machines.processes.process_marks import kill_all_marked
from tfinfra.localcloud.machines.spec_json import spec_to_text
from tfinfra.system.process import child_python
from tfinfra.system.process.commands import finished
from tfinfra.system.strange_trees import remove_tree

_START_LIMIT = 60.0
_STOP_LIMIT = 10.0
_GENTLE_LIMIT = 2.0
_SUPERVISOR = "tfinfra.localcloud.machines.supervisor"


class SupervisedMachines:
    """`Machines` of `kind`: "namespace" or "process"."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def start(self, spec: ScaleSetSpec) -> None:
        """Boots the machines. Raises OSError with the reason; then nothing but logs is left of them."""
        if any(state.running for state in self.states(spec.folder)):
            raise OSError(f"{spec.folder} has running machines")
        spec = replace(spec, folder=spec.folder.absolute())
        spec.folder.mkdir(parents=True, exist_ok=True)
        for instance in spec.instances:
            remove_disks(spec.folder / instance.name)
        text, reason = spec_to_text(self.kind, spec), ""
        try:
            done = finished(
                child_python.module(_SUPERVISOR),
                input=text,
                timeout=_START_LIMIT,
            )
            if done.returncode:
                reason = done.stderr.strip() or f"exit status {done.returncode}"
        except subprocess.TimeoutExpired:
            reason = f"the machines did not begin to boot within {_START_LIMIT:.0f} s"
        if reason:
            self.stop(spec.folder)
            for instance in spec.instances:
                remove_disks(spec.folder / instance.name)
            raise OSError(f"{self.kind} machines: {reason}")

    def states(self, folder: Path) -> Sequence[InstanceState]:
        """A machine is gone with its first process, and one that has none yet with its supervisor."""
        record = read_record(folder)
        if record is None:
            return []
        supervised = is_alive(record.supervisor)
        states = []
        for entry in record.instances:
            alive = is_alive(entry.process) if entry.process else supervised
            alive = alive or (supervised and is_rebooting(folder / entry.name))
            running = alive and entry.exit_status is None
            message = "" if running else entry.message or "its processes are gone"
            states.append(InstanceState(entry.name, entry.address, running, message))
        return states

    def end(self, folder: Path, name: str) -> None:
        record = read_record(folder)
        first = [i.process for i in record.instances if i.name == name and i.process] if record else []
        _kill(first, signal.SIGKILL, _STOP_LIMIT)

    def reboot(self, folder: Path, name: str) -> None:
        if name not in [state.name for state in self.states(folder) if state.running]:
            raise OSError(f"{name} does not run")
        (folder / name / REBOOT).touch()
        self.end(folder, name)
        if not _wait(lambda: not is_rebooting(folder / name), _START_LIMIT):
            raise OSError(f"{name} did not come back within {_START_LIMIT:.0f} s")

    def stop(self, folder: Path) -> None:
        """Also removes the record; the machines' disks and logs stay. Raises TimeoutError."""
        record = read_record(folder)
        if record is None:
            return
        first = [i.process for i in record.instances if i.process]
        if record.kind == "process":
            # The supervisor knows its machines' orphans and ends all of them; what it leaves has the machines' marks.
            if not _kill([record.supervisor], signal.SIGTERM, _GENTLE_LIMIT):
                _kill([record.supervisor], signal.SIGKILL, _STOP_LIMIT)
            _kill(first, signal.SIGKILL, _STOP_LIMIT)
            kill_all_marked({i.vm_id for i in record.instances})
        else:
            # The kernel ends the namespaces with their supervisor.
            _kill([record.supervisor], signal.SIGKILL, _STOP_LIMIT)
            if not _wait(lambda: not any(map(is_alive, first)), _STOP_LIMIT):
                raise TimeoutError(f"machines outlive their supervisor (pid {record.supervisor.pid})")
        (folder / RECORD).unlink(missing_ok=True)


def remove_disks(folder: Path) -> None:
    """Removes all that a machine wrote; its console's log stays."""
    for child in folder.iterdir() if folder.is_dir() else ():
        if child.is_dir() and not child.is_symlink():
            remove_tree(child)


def _kill(processes: Iterable[ProcessId], number: signal.Signals, limit: float) -> bool:
    """Signals each that still runs; whether all were gone within `limit` seconds."""
    alive = [p for p in processes if is_alive(p)]
    for process in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
    return _wait(lambda: not any(map(is_alive, alive)), limit)


def _wait(condition: Callable[[], bool], limit: float) -> bool:
    """Whether `condition` held within `limit` seconds."""
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True
