"""Files that are whole or not there: written beside their path and renamed to it."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
from pathlib import Path
from typing import Any, TypeVar

from tfinfra.model import Unfit, decode
from tfinfra.system.ownership import NotOwn, make_own
from tfinfra.system.whole_file import write_whole

T = TypeVar("T")
_LARGE = 64 << 20
_log = logging.getLogger(__name__)
BALLAST, BALLAST_BYTES = "ballast", 1 << 20


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Puts `data` at `path` by a rename, so that a reader, or a start after kill -9, never sees half of it.

    On a full disk the ballast of a folder above is deleted first: what is written then is a deletion.
    """
    try:
        write_whole(path, data, mode)
    except OSError as error:
        if error.errno != errno.ENOSPC or not _drop_ballast(path):
            raise
        write_whole(path, data, mode)


def lay_ballast(folder: Path) -> None:
    """Takes BALLAST_BYTES of the disk, to be given back where it is full; a disk without them stays without."""
    with contextlib.suppress(OSError):
        (folder / BALLAST).write_bytes(bytes(BALLAST_BYTES))


def _drop_ballast(path: Path) -> bool:
    for folder in path.parents:
        if (folder / BALLAST).exists():
            (folder / BALLAST).unlink()
            return True
    return False


def write_json(path: Path, value: Any) -> None:
    write_file(path, json.dumps(value, indent=1).encode() + b"\n")


def read_json(path: Path) -> Any:
    """The value in `path`, or None where the file is missing or is no JSON (power was lost while it was written)."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return None


def read_value(path: Path, kind: type[T]) -> T | None:
    """The `kind` (a dataclass) in `path`, None where the file is missing, torn, or of another version; why it is
    unreadable is in the log."""
    try:
        return decode(kind, path.read_bytes(), _LARGE)
    except FileNotFoundError:
        return None
    except Unfit as error:
        _log.warning("%s is unreadable: %s", path, error)
        return None


def own_folder(path: Path) -> Path:
    """Makes `path` for this user alone. Raises PermissionError where another user made it, or a link there, first."""
    try:
        make_own(path)
    except NotOwn as why:
        raise PermissionError(errno.EACCES, str(why), str(path)) from why
    if {path.lstat().st_uid, path.stat().st_uid} != {os.getuid()}:
        raise PermissionError(errno.EACCES, f"{path} belongs to another user", str(path))
    return path
