"""Other programs, run to their end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfinfra.system.process.inherited_variables import without_passphrase


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
