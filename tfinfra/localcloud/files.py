"""Files that are whole or not there: written beside their place and renamed into it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Puts `data` at `path` by a rename, so that a reader, or a start after kill -9, never sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(data)
    draft.replace(path)


def write_json(path: Path, value: Any) -> None:
    write_file(path, json.dumps(value, indent=1).encode() + b"\n")


def read_json(path: Path) -> Any:
    """The value in `path`, or None where the file is missing or is no JSON (power was lost while it was written)."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def own_folder(path: Path) -> Path:
    """Makes `path` for this user alone. Raises PermissionError where another user made it, or a link there, first."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if {path.lstat().st_uid, path.stat().st_uid} != {os.getuid()}:
        raise PermissionError(f"{path} belongs to another user")
    return path
