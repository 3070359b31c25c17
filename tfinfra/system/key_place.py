"""Whether a private key lies where only its owner can have it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def shared_key(path: Path, sources: tuple[Path, ...] = ()) -> str | None:
    """Why others can have the key at `path`, as the rest of a sentence that its name begins; None where they cannot, or
    where nothing that can be looked at is there. `sources` are folders that are copied elsewhere."""
    real = Path(os.path.realpath(path))
    for folder in sources:
        if real.is_relative_to(Path(os.path.realpath(folder))):
            return f"lies in the source directory '{folder}'"
    repository = next((above for above in real.parents if os.path.lexists(above / ".git")), None)
    if repository is not None:
        return f"lies in the repository '{repository}'"
    try:
        status = real.stat()
    except OSError:
        return None
    if status.st_uid not in (os.getuid(), 0):
        return "belongs to another user"
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"may be used by others: its mode is {stat.S_IMODE(status.st_mode):03o}"
    return None
