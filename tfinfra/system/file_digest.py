"""The SHA-256 of a file of any size."""

from __future__ import annotations

import hashlib
from io import FileIO
from pathlib import Path

_BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """64 hexadecimal digits, of the file that is at `path` or behind a link there. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        return digest_of(file)


def digest_of(file: FileIO) -> str:
    """The same of a file that is open, from where it stands. Raises OSError."""
    digest, block = hashlib.sha256(), bytearray(_BLOCK)
    while count := file.readinto(block):
        digest.update(memoryview(block)[:count])
    return digest.hexdigest()
