"""A machine's console: the file that its first processes write to."""

from __future__ import annotations

import os
from pathlib import Path


def redirect_output(path: Path) -> None:
    """Sends standard output and error of this process to the end of `path`, which only this user may read."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
