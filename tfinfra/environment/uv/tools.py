"""The programs that the environment is made with: uv, found or fetched, and each tool run with a log of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.environment.recipe import UV_VERSION
from tfinfra.environment.uv.pins import write_requirements
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.errors import ProvisioningError, TfinfraError
from tfinfra.system.ownership import make_private
from tfinfra.system.process.commands import finished
from tfinfra.system.progress import Progress, say_nothing

Command = Sequence["str | Path"]

_TAIL_LINES = 12
_running: set[int] = set()


@dataclass(frozen=True)
class Tools:
    """How tools are run: the uv program, the log file that all of them append to, the open files that they inherit
    (a lock held by its children too is not free before the last of them has ended)."""

    uv: str
    log: Path
    inherited: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, argv: Command, what: str, **more: str) -> None:
        """Runs a tool to its end. Raises ProvisioningError with its last lines and the log's path."""
        make_private(self.log.parent)
        with self.log.open("ab") as log:
            start = log.tell()
            log.write(f"$ {' '.join(map(str, argv))}\n".encode())
            log.flush()
            process = subprocess.Popen(
                [str(a) for a in argv],
                stdin=subprocess.DEVNULL,
                stdout=log.fileno(),
                stderr=subprocess.STDOUT,
                env={**tool_environment(), **self.environment, **more},
                cwd=os.sep,
                pass_fds=self.inherited,
                start_new_session=True,
            )
            _running.add(process.pid)
            try:
                status = process.wait()
            finally:
                _running.discard(process.pid)
        if status:
            raise ProvisioningError(
                f"{what} failed with exit status {status}:\n{tail(self.log, start)}", hint=f"the whole log: {self.log}"
            )

    def uv_run(self, arguments: Command, what: str, **more: str) -> None:
        """`run` for uv, outside of any project's folder and configuration."""
        self.run([self.uv, *arguments, "--no-progress"], what, **more)


@atexit.register
def end_running() -> None:
    """Whoever leaves in the middle of a build takes uv, make and compilers with it, each in a session of its own."""
    for pid in list(_running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def tail(log: Path, start: int = 0) -> str:
    """The last lines of what was written after byte `start`, indented."""
    with log.open("rb") as file:
        file.seek(start)
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])


def find_uv(cache: Path, progress: Progress = say_nothing) -> str:
    """uv: tfinfra's own on a client, one on PATH, or one fetched by pip into the cache. Raises TfinfraError."""
    with contextlib.suppress(ImportError, FileNotFoundError):
        from uv import find_uv_bin

        return str(find_uv_bin())
    found = shutil.which("uv")  # tried, not only found: a version manager's shim is on PATH and may lead nowhere
    if found and run_quietly([found, "--version"], tool_environment()).returncode == 0:
        return found
    return _fetched_uv(cache, progress)


def version_of_uv(uv: str) -> str:
    """As "uv 0.13.9"; "uv" where it does not say."""
    words = run_quietly([uv, "--version"], tool_environment()).stdout.split()
    return " ".join(words[:2]) or "uv"


def _fetched_uv(cache: Path, progress: Progress) -> str:
    folder = cache / f"uv-{UV_VERSION}"
    uv = folder / "bin" / "uv"
    if uv.exists():
        return str(uv)
    progress(f"fetching uv {UV_VERSION}")
    staging = folder.with_name(f"{folder.name}.{os.getpid()}")
    done = _pip_into(staging)
    if done.returncode:
        shutil.rmtree(staging, ignore_errors=True)
        reason = (done.stderr.strip().splitlines() or ["pip is missing"])[-1]
        raise TfinfraError(f"uv could not be fetched: {reason}", hint="install it: https://docs.astral.sh/uv")
    with contextlib.suppress(OSError):  # another process has made the same folder meanwhile
        staging.rename(folder)
    return str(uv)


def _pip_into(folder: Path) -> subprocess.CompletedProcess[str]:
    """By this Python's pip, else by that of a fresh virtual environment; by its hash, since a node's root runs it."""
    pinned = ["--require-hashes", "--no-deps", "-r", str(write_requirements(("uv",), folder))]
    install = ["install", "-q", "--only-binary", ":all:", "--target", str(folder), *pinned]
    done = _python(sys.executable, "pip", *install)
    if "No module named pip" not in done.stderr:
        return done
    if _python(sys.executable, "venv", str(folder / "venv")).returncode:
        return done
    return _python(str(folder / "venv/bin/python"), "pip", *install)


def _python(program: str, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_quietly([program, "-I", "-m", module, *arguments], tool_environment())


def run_quietly(
    command: Command, variables: Mapping[str, str], seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a tool to its end, with what it says as text, in a folder that nobody configures: where others may write,
    uv and pip would read their files. Raises subprocess.TimeoutExpired after so many seconds."""
    return finished(
        command,
        cwd=os.sep,
        env=variables,
        timeout=seconds,
    )
