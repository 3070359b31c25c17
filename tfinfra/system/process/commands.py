"""Other programs, run to their end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tfinfra.system.process.inherited_variables import without_passphrase

_MOMENT = 5.0
"""Seconds that a program has to end what it started in other sessions."""


def finished(
    command: Sequence[str | Path],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,  # noqa: A002  as subprocess calls it
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """How `command` ended, and what it said; without `env` it has this process's variables, but for the passphrase of
    the key that signs. Programs write UTF-8, whatever this machine's locale is; what is none must
    not hide the rest. Raises OSError where it cannot be started, TimeoutExpired after `timeout` seconds."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=without_passphrase(os.environ) if env is None else env,
        input=input,
        timeout=timeout,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def finished_with_all(
    command: Sequence[str | Path],
    *,
    cwd: str | Path,
    env: Mapping[str, str],
    input: str,  # noqa: A002  as subprocess calls it
    timeout: float,
) -> subprocess.CompletedProcess[str]:
    """As `finished`, in a session of its own. Where it takes longer, or whoever waits is interrupted, the program is
    asked to end, and a moment later it is killed with all processes of its session: nothing works on in a folder that
    is about to go. Raises OSError, TimeoutExpired."""
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, complained = process.communicate(input, timeout)
        except BaseException:
            _end_all(process)
            raise
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


def _end_all(process: subprocess.Popen[str]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_MOMENT)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
