"""Looks at files by names that a user wrote. Path's own methods raise for some of them: a part of more than 255 bytes,
a NUL, a link that leads back to itself, the home of an unknown user."""

# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH113, PTH116
from __future__ import annotations

import errno
import os
import stat
from functools import cache
from pathlib import Path


def exists(path: Path) -> bool:
    """Whether anything is there; never raises."""
    return os.path.exists(path)


def is_folder(path: Path) -> bool:
    """Whether a folder is there; never raises."""
    return os.path.isdir(path)


def is_empty_folder(path: Path) -> bool:
    """Whether a folder is there that has nothing in it, as far as it may be looked into; never raises."""
    try:
        return is_folder(path) and not any(path.iterdir())
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether a regular file is there; never raises."""
    return os.path.isfile(path)


def is_kernels(path: Path) -> bool:
    """Whether the path, links followed, is in one of the kernel's own file systems, wherever it is mounted: those show
    processes and devices, not files. /dev/shm is shared memory, and an ordinary folder. Never raises."""
    found = real(path)
    if any(found.is_relative_to(folder) for folder in _KERNELS) and not found.is_relative_to(_SHARED_MEMORY):
        return True
    try:
        return os.stat(found).st_dev in _devices()
    except (OSError, ValueError):
        return False


_KERNELS, _SHARED_MEMORY = ("/proc", "/sys", "/dev"), "/dev/shm"  # noqa: S108  nothing is written there


@cache
def _devices() -> frozenset[int]:
    """The file systems that are mounted there; a bind mount of one is the same."""
    found = {os.stat(folder).st_dev for folder in ("/proc", "/sys") if os.path.isdir(folder)}
    return frozenset(found - {os.stat("/").st_dev})


def read_bounded(path: Path, most: int) -> bytes | None:
    """The bytes of a regular file, None where there are more than `most`: its size is looked at before it is read.
    Raises OSError, also for what is no regular file: reading a pipe may never end."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if status.st_size > most:
            return None
        data = file.read(most + 1)
    return data if len(data) <= most else None


def read_for_parser(path: Path, most: int) -> bytes:
    """The same for a parser that refuses more than `most` bytes itself: so many and one, without meaning, stand for a
    larger file. Raises OSError, its reason in `strerror`, in lower case."""
    try:
        data = read_bounded(path, most)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OSError(errno.EINVAL, why.lower(), str(path)) from error
    return bytes(most + 1) if data is None else data


def below(folder: Path, written: str) -> Path:
    """The path `written`, below `folder` where it is relative. "~" is the caller's home; "~name" stays where there is
    no such user. Never raises."""
    return folder / os.path.expanduser(written)


def real(path: Path) -> Path:
    """The absolute path without links; a link that leads back to itself stays. Never raises."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # what no file can be called
        return Path(os.path.abspath(path))
