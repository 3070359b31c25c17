"""Copies a file that somebody else may go on writing."""

from __future__ import annotations

import os
from typing import BinaryIO

CHUNK = 1 << 20


class Unread(OSError):
    """The file that is copied could not be read to its end: the disk where it lies is at fault, not that of the
    copy."""


def copy_of_now(source: BinaryIO, copy: BinaryIO) -> None:
    """Copies as many bytes as the file has now, fewer where it is cut meanwhile; it does not follow a file that grows.
    Raises Unread for the source, OSError for the copy."""
    left = _size(source)
    while left > 0 and (chunk := _read(source, min(left, CHUNK))):
        left -= copy.write(chunk)


def _size(source: BinaryIO) -> int:
    try:
        return os.fstat(source.fileno()).st_size
    except OSError as error:
        raise Unread(error.errno, error.strerror) from error


def _read(source: BinaryIO, most: int) -> bytes:
    try:
        return source.read(most)
    except OSError as error:
        raise Unread(error.errno, error.strerror) from error
