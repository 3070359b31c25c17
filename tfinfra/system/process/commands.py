"""Other programs, run to their end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def finished(
    command: Sequence[str | Path],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,  # noqa: A002  as subprocess calls it
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """How `command` ended, and what it said. Programs write UTF-8, whatever this machine's locale is; what is none must
    not hide the rest. Raises OSError where it cannot be started, TimeoutExpired after `timeout` seconds."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        input=input,
        timeout=timeout,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
