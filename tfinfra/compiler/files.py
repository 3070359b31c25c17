"""Looks at files by names that a user wrote. Path's own raise at some of them: a part of more than 255 bytes, a NUL, a
link that leads back to itself, the home of a user that there is not."""

# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH113
from __future__ import annotations

import os
from pathlib import Path


def exists(path: Path) -> bool:
    """Whether anything is there; never raises."""
    return os.path.exists(path)


def is_folder(path: Path) -> bool:
    """Whether a folder is there; never raises."""
    return os.path.isdir(path)


def is_file(path: Path) -> bool:
    """Whether a regular file is there; never raises."""
    return os.path.isfile(path)


def below(folder: Path, written: str) -> Path:
    """What is `written` in `folder`; "~" is the caller's home, "~name" stays where there is no such user. Never
    raises."""
    return folder / os.path.expanduser(written)


def real(path: Path) -> Path:
    """The absolute path without links; a link that leads back to itself stays. Never raises."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # what no file can be called
        return Path(os.path.abspath(path))
