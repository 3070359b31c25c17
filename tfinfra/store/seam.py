"""What a run needs of an object store."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

MOST_AT_ONCE = 8 << 20
"""Bytes that `get` takes into memory: records and pieces of logs are smaller, all else goes by `get_file`."""


class OddObject(ValueError):
    """What lies at a key is nothing that a run puts there, with the reason as a sentence: too large, no plain file. A
    store does not get better by waiting then."""


class ObjectStore(Protocol):
    """Keys are relative paths with '/'. Reads and writes are of whole objects and atomic."""

    def put(self, key: str, data: bytes) -> None:
        """Writes the object, replacing what was there."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Writes the object where none is there: True for the one writer that did, False for all others."""

    def get(self, key: str) -> bytes | None:
        """The object's bytes, None where there is none. Raises OddObject for more than MOST_AT_ONCE of them, which it
        does not read."""

    def list(self, prefix: str) -> list[str]:
        """The keys below the folder `prefix` (no trailing slash, "" for all), sorted."""

    def delete(self, key: str) -> None:
        """Removes the object; removing what is not there is no error."""

    def put_file(self, key: str, path: Path) -> None:
        """Uploads a file of any size, a large one in parallel blocks; the object is there once all of it is."""

    def get_file(self, key: str, path: Path) -> None:
        """Downloads into `path`, whose folder exists; goes on where an earlier call for the same object was broken off.
        Raises FileNotFoundError where there is no such object."""
