"""The process that holds one scale set's machines: `python -m tfinfra.localcloud.machines.supervisor` reads the spec
from its standard input, goes into a session of its own, boots the machines, and stays until they are ended, or until
the folder that it writes its record to is gone: with it went all that could still find and end them.

The process that was called waits until all machines have begun to boot and then exits with 0, or with 1 and the reason
on its standard error: so the daemon is never the supervisor's parent, and its death ends no machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tfinfra.localcloud.machines.interface import ScaleSetSpec
from tfinfra.localcloud.machines.machine_record import RECORD
from tfinfra.localcloud.machines.spec_json import spec_from_text

Ready = Callable[[], None]
LOOK_SECONDS = 2.0


def main() -> int:
    """Boots what the spec on standard input says. Returns the exit status of the process that was called."""
    kind, spec = spec_from_text(sys.stdin.read())
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        _detach(spec.folder)
        _supervise(kind, spec, writer)
    os.close(writer)
    reason = os.read(reader, 1 << 16).decode()  # not to the end: the machines' inits hold the pipe too
    if reason == "ready":
        return 0
    print(reason or f"the supervisor ended; see {spec.folder / 'supervisor.log'}", file=sys.stderr)
    return 1


def _detach(folder: Path) -> None:
    os.setsid()
    os.chdir("/")
    log = os.open(folder / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    os.close(log)
    os.close(null)


def _supervise(kind: str, spec: ScaleSetSpec, writer: int) -> NoReturn:
    """Never returns: what is forked here must not run on in its caller's code."""
    status = 1
    try:
        _supervisor(kind)(spec, lambda: _booted(spec.folder / RECORD, writer))
        status = 0
    except Exception as fault:  # noqa: BLE001 - the outermost edge of this process: the caller must hear the reason
        traceback.print_exc()
        _answer(writer, str(fault) or repr(fault))
    finally:
        os._exit(status)


def _booted(record: Path, writer: int) -> None:
    """Answers the caller; looks after the record from now on, by a timer: a process that makes a PID namespace may
    start no thread."""
    signal.signal(signal.SIGALRM, lambda *_: _leave_without(record))
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
    _answer(writer, "ready")


def _leave_without(record: Path) -> None:
    """Ends this process as the cloud would, where its record is not there any more: the cloud removes it only after
    this process has ended, so somebody has removed the cloud's state from under its machines."""
    try:
        record.stat()
    except (FileNotFoundError, NotADirectoryError):
        signal.setitimer(signal.ITIMER_REAL, 0)  # once: a second signal would break into the end of the machines
        os.kill(os.getpid(), signal.SIGTERM)
    except OSError:
        return  # a disk that does not answer is not one that was emptied


def _answer(writer: int, text: str) -> None:
    with contextlib.suppress(OSError):  # answered before, or nobody waits any more
        os.write(writer, text.encode())
        os.close(writer)


def _supervisor(kind: str) -> Callable[[ScaleSetSpec, Ready], None]:
    if kind == "namespace":
        from tfinfra.localcloud.machines.namespaces.namespace_supervisor import supervise
    else:
        from tfinfra.localcloud.machines.processes.process_supervisor import supervise
    return supervise


if __name__ == "__main__":
    sys.exit(main())
