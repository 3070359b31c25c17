"""A store in a folder of this machine. Nodes may put what they like into it: what is no plain file is no object, and
nothing is read or listed through a link."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfinfra.store.objects import ObstoreStore
from tfinfra.store.seam import MOST_AT_ONCE, OddObject

_BEING_WRITTEN = re.compile(r".*#[0-9]+")
"""How obstore names a file that it is still writing."""


class FolderStore(ObstoreStore):
    """An ObjectStore whose objects are the files below `folder`."""

    def __init__(self, folder: Path, store: Any) -> None:
        super().__init__(store, store)
        self._folder = folder

    def put(self, key: str, data: bytes) -> None:
        self._clear_the_way(key)
        super().put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._clear_the_way(key)
        return super().put_if_absent(key, data)

    def put_file(self, key: str, path: Path) -> None:
        self._clear_the_way(key)
        super().put_file(key, path)

    def delete(self, key: str) -> None:
        self._clear_the_way(key)
        super().delete(key)

    def _clear_the_way(self, key: str) -> None:
        """Removes links on the way to `key`: no run puts any there, and what is written shall stay in the folder."""
        with _as_a_store_says_it(key):
            for above in _paths_to(key):
                if (self._folder / above).is_symlink():
                    (self._folder / above).unlink(missing_ok=True)

    def get(self, key: str) -> bytes | None:
        with _as_a_store_says_it(key):
            found = _opened(self._folder, key)
            if found is None:
                return None
            try:
                kind = os.fstat(found).st_mode
                if stat.S_ISDIR(kind):
                    return None
                if not stat.S_ISREG(kind):
                    raise OddObject("it is no plain file")
                with os.fdopen(found, "rb", closefd=False) as file:
                    data = file.read(MOST_AT_ONCE + 1)
            finally:
                os.close(found)
        if len(data) > MOST_AT_ONCE:
            raise OddObject(f"it is larger than {MOST_AT_ONCE} bytes")
        return data

    def list(self, prefix: str) -> list[str]:
        with _as_a_store_says_it(prefix):
            return sorted(_keys(self._folder, prefix))


def _opened(folder: Path, key: str) -> int | None:
    """A descriptor of what lies at `key`, opened without waiting for anybody; None where nothing does."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    *above, name = key.split("/")
    try:
        for part in above:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise OddObject("it is no plain file, or lies behind a link") from error
        raise
    finally:
        os.close(at)


def _keys(folder: Path, prefix: str) -> Iterator[str]:
    """A name that no key may have is nobody's object."""
    waiting = [prefix]
    if any((folder / above).is_symlink() for above in _paths_to(prefix)):
        return
    while waiting:
        inner = waiting.pop()
        try:
            entries = list(os.scandir(folder / inner))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            key = f"{inner}/{entry.name}" if inner else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(key)
            elif entry.is_file(follow_symlinks=False) and _is_key(entry.name):
                yield key


def _paths_to(prefix: str) -> Iterator[str]:
    parts = prefix.split("/")
    return ("/".join(parts[: end + 1]) for end in range(len(parts)) if prefix)


def _is_key(name: str) -> bool:
    return not _BEING_WRITTEN.fullmatch(name) and not any("\ud800" <= letter <= "\udfff" for letter in name)


@contextmanager
def _as_a_store_says_it(key: str) -> Iterator[None]:
    """A disk's errors are the store's."""
    from obstore.exceptions import GenericError

    try:
        yield
    except ValueError as error:  # a NUL in a key
        raise OddObject(str(error)) from error
    except OSError as error:
        raise GenericError(f"{key or 'the store'}: {error.strerror or error}") from error
