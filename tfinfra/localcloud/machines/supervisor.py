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
from pathlib import Path
from typing import NoReturn

from tfinfra.localcloud.machines.console import redirect_output
from tfinfra.localcloud.machines.interface import ScaleSetSpec
from tfinfra.localcloud.machines.machine_record import RECORD
from tfinfra.localcloud.machines.spec_json import spec_from_text

LOOK_SECONDS = 2.0


def main() -> int:
    """Boots what the spec on standard input says. Returns the exit status of the process that was called."""
    kind, spec = spec_from_text(sys.stdin.read())
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        _supervise(kind, spec, writer)
    os.close(writer)
    reason = os.read(reader, 1 << 16).decode()  # not to the end: the machines' inits hold the pipe too
    if reason == "ready":
        return 0
    print(reason or f"the supervisor ended; see {spec.folder / 'supervisor.log'}", file=sys.stderr)
    return 1


def _supervise(kind: str, spec: ScaleSetSpec, writer: int) -> NoReturn:
    """The detached process. It never returns: what is forked here must not run on in its caller's code."""
    status = 1

    def ready() -> None:
        _end_without(spec.folder / RECORD)
        _answer(writer, "ready")

    try:
        os.setsid()
        os.chdir("/")
        redirect_output(spec.folder / "supervisor.log")
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        if kind == "namespace":
            from tfinfra.localcloud.machines.namespaces.namespace_supervisor import supervise
        else:
            from tfinfra.localcloud.machines.processes.process_supervisor import supervise
        supervise(spec, ready)
        status = 0
    except Exception as fault:  # noqa: BLE001 - the outermost edge of this process: the caller must hear the reason
        traceback.print_exc()
        _answer(writer, str(fault) or repr(fault))
    finally:
        os._exit(status)


def _end_without(record: Path) -> None:
    """From now on this process ends its machines and itself, as the cloud would, once `record` is not there any more:
    the cloud removes it only after this process has ended, so somebody has removed the cloud's state. Looks by a timer:
    a process that makes a PID namespace may start no thread."""

    def look(*_: object) -> None:
        try:
            record.stat()
        except (FileNotFoundError, NotADirectoryError):
            signal.setitimer(signal.ITIMER_REAL, 0)  # once: a second signal would break into the end of the machines
            os.kill(os.getpid(), signal.SIGTERM)
        except OSError:
            return  # a disk that does not answer is not one that was emptied

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)


def _answer(writer: int, text: str) -> None:
    with contextlib.suppress(OSError):  # it was answered before, or its reader has gone
        os.write(writer, text.encode())
        os.close(writer)


if __name__ == "__main__":
    sys.exit(main())
