"""TensorBoard on a run's ./logs: of the version that belongs to the run's TensorFlow, in an environment of its own, so
that nothing which a manifest names runs here, on loopback, without the caller's credentials."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.errors import NotFeasible, UsageError
from tfinfra.lifecycle.metrics.tools import tool_python
from tfinfra.system.process.inherited_variables import plain_environment
from tfinfra.system.progress import Progress

PORT = 6006
"""TensorBoard's own; another where it is taken and none is asked for."""
_HOST = "127.0.0.1"
_OLDEST, _NEWEST = 15, 20
_STARTS = 120.0  # seconds: the first import compiles
_END = 5.0
_LAST_LINES = 5


def packages_for(framework_version: str, python: tuple[int, int] = sys.version_info[:2]) -> tuple[str, ...]:
    """The requirements of the TensorBoard for this TensorFlow. TensorBoard of 2.N reads what TensorFlow of 2.N writes;
    after 2.20 none has come, and before 2.15 its files are the same. What is older than 2.18 reads its settings by
    parts of protobuf and NumPy that newer ones have dropped, and needs a Python before 3.13 (imghdr)."""
    parts = framework_version.split(".")
    minor = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else _NEWEST
    minor = min(max(minor, _OLDEST), _NEWEST) if python < (3, 13) else _NEWEST
    older = ("protobuf<5", "numpy<2") if minor < 18 else ()
    return (f"tensorboard==2.{minor}.*", "setuptools<81", *older)


@dataclass(frozen=True)
class Board:
    """A TensorBoard that answers at `url`."""

    url: str
    _process: subprocess.Popen[bytes] = field(repr=False)

    def watch(self, look: Callable[[], object], seconds: float) -> None:
        """Calls `look` every so many seconds, until TensorBoard ends by itself. Raises NotFeasible then."""
        while True:
            look()
            try:
                status = self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            raise NotFeasible(f"TensorBoard ended by itself with exit status {status}")


@contextmanager
def board(logs: Path, framework_version: str, port: int | None, work: Path, progress: Progress) -> Iterator[Board]:
    """TensorBoard on the folder `logs`, until the block ends; its own log is in `work`. Raises UsageError for a port
    that is taken, NotFeasible where TensorBoard cannot be had or does not start."""
    wanted = packages_for(framework_version)
    python = tool_python("tensorboard", wanted, progress)
    chosen = _free(port)
    command = [str(python), "-I", "-m", "tensorboard.main", "--logdir", str(logs), "--host", _HOST]
    command += ["--port", str(chosen), "--reload_interval", "5", "--reload_multifile", "true"]
    log = work / "tensorboard.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**plain_environment(os.environ), "TMPDIR": str(work)},
            cwd=work,
            start_new_session=True,
        )
    try:
        _await(process, chosen, log)
        yield Board(f"http://{_HOST}:{chosen}/", process)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END)
        process.kill()
        process.wait()


def _free(port: int | None) -> int:
    """The port that was asked for, else TensorBoard's own or any that is free."""
    for wanted in [PORT, 0] if port is None else [port]:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                tried.bind((_HOST, wanted))
                return int(tried.getsockname()[1])
    raise UsageError(f"port {port} is taken", hint="--port 0 takes any that is free")


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _STARTS
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection((_HOST, port), 1.0):
            return
        time.sleep(0.1)
    lines: Sequence[str] = log.read_text("utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    raise NotFeasible("TensorBoard does not start: " + " / ".join(line.strip() for line in lines))
