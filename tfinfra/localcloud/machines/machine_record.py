"""What a supervisor writes down for other processes: which machines it has, and how to recognise their processes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfinfra.localcloud.machines.interface import ScaleSetSpec
from tfinfra.model import MOST, Unfit, decode, to_json

RECORD = "machines.json"
# Files in a machine's own folder: a reboot that was asked for, and one that has begun. Its supervisor removes them.
REBOOT, REBOOTING = "reboot", "rebooting"


@dataclass(frozen=True)
class ProcessId:
    """A process that cannot be mistaken for another: a pid is used again, (boot, pid, start time) is not."""

    boot: str
    pid: int
    started: str


@dataclass(frozen=True)
class InstanceRecord:
    """One machine. `process` is its first process, None until that runs; `exit_status` is None until it was reaped
    (128 + n for a signal n); `message` says why it ended, where that is known."""

    name: str
    vm_id: str
    address: str
    process: ProcessId | None = None
    exit_status: int | None = None
    message: str = ""


@dataclass(frozen=True)
class Record:
    """One scale set: its kind, the supervisor that holds it, its machines in the order of the spec. `init` is the
    first process of the PID namespace around all of them, where there is one: it is gone when all of them are."""

    kind: str
    supervisor: ProcessId
    instances: tuple[InstanceRecord, ...]
    init: ProcessId | None = None


def first_record(kind: str, spec: ScaleSetSpec, addresses: Sequence[str]) -> Record:
    """The record of machines that this process supervises and has not booted yet. Raises OSError."""
    own = identify(os.getpid())
    if own is None:
        raise OSError("this process does not find itself in the process table")
    rows = zip(spec.instances, addresses, strict=True)
    return Record(kind, own, tuple(InstanceRecord(i.name, i.vm_id, address) for i, address in rows))


def write_record(folder: Path, record: Record) -> None:
    """Replaces the folder's record in one step: a reader sees the old or the new one, never half of it."""
    half = folder / f"{RECORD}.{os.getpid()}"
    half.write_text(json.dumps(to_json(record), indent=2) + "\n", encoding="utf-8")
    half.replace(folder / RECORD)


def read_record(folder: Path) -> Record | None:
    """The folder's record, None where nothing was started in it (or all of it was ended). Raises OSError, naming the
    file, where a full disk or another version has left something else."""
    path = folder / RECORD
    try:
        return decode(Record, path.read_bytes(), MOST)
    except FileNotFoundError:
        return None
    except Unfit as error:
        raise OSError(f"{path} is unreadable: {error}") from error


def is_rebooting(machine: Path) -> bool:
    """Whether the machine of this folder is between two boots."""
    return (machine / REBOOT).exists() or (machine / REBOOTING).exists()


def identify(pid: int) -> ProcessId | None:
    """The running process `pid`, None where there is none (a zombie is none)."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat[stat.rindex(b")") + 2 :].split()  # the command before it may hold blanks and parentheses
        return None if fields[0] in (b"Z", b"X") else ProcessId(boot_id(), pid, fields[19].decode())
    import psutil

    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else ProcessId(boot_id(), pid, str(process.create_time()))
    except psutil.NoSuchProcess:
        return None


def is_alive(process: ProcessId) -> bool:
    """Whether this very process still runs."""
    return identify(process.pid) == process


def boot_id() -> str:
    """Names this boot of the machine."""
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    import psutil

    return str(int(psutil.boot_time()))
