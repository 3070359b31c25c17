"""Small texts that stand for files which were not fetched: Git LFS's pointers."""

from __future__ import annotations

from pathlib import Path

_FIRST = b"version https://git-lfs.github.com/spec/v"
_SIZES = range(120, 400)
"""Bytes of a pointer: its version, a SHA-256 and a size, each on a line, sometimes one more. Source: Git LFS
Specification."""


def is_pointer(path: Path, size: int) -> bool:
    """Whether a file of `size` bytes is one. Never raises; a file of another size is not opened."""
    if size not in _SIZES:
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_FIRST)) == _FIRST
    except (OSError, ValueError):
        return False
