"""A local input as a tree of files with one hash over their names and bytes. Each file is read once: its hash is
remembered with its size and time of change, so that a second run does not read ten gigabytes again."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.errors import ManifestError, TfinfraError
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.file_kinds import kind_of
from tfinfra.system.ownership import make_private
from tfinfra.system.progress import Progress
from tfinfra.system.strange_trees import DEEPEST
from tfinfra.text.wording import spell_bytes

if TYPE_CHECKING:
    import sqlite3

CHUNK = 1 << 20
_TABLE = (
    "CREATE TABLE IF NOT EXISTS known (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER,"
    " ctime_ns INTEGER, inode INTEGER, sha256 TEXT)"
)


class Trust(Enum):
    """How far a hash is believed that was remembered. Who staged a file by a link has changed its ctime."""

    TIMES = "its size and time of change are the same"
    ALL_TIMES = "its inode, and the time when the kernel last saw it change, are the same too"
    NOTHING = "it is read"


@dataclass(frozen=True)
class TreeFile:
    """`name` is relative to the tree's root, with '/'; `size` in bytes."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True)
class LeftOut:
    """What a tree has and no copy of it can have; `why` goes on the sentence that `name` begins."""

    name: str
    why: str


@dataclass(frozen=True)
class LocalTree:
    """`only` is the name of the file where the tree is one file and no folder; `left` is what is no part of it."""

    files: tuple[TreeFile, ...]
    sha256: str
    only: str | None = None
    left: tuple[LeftOut, ...] = ()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def read_tree(path: Path, cache: Path, progress: Progress, trust: Trust = Trust.TIMES) -> LocalTree:
    """The tree at `path`; `cache` is the file that remembers hashes. Links are followed; what is no file is left out.
    Raises ManifestError for what cannot be read."""
    try:
        if path.is_file():
            found: list[TreeFile | LeftOut] = [TreeFile(path.name, path, path.stat().st_size)]
        else:
            found = list(entries_of(path))
        files = tuple(sorted((f for f in found if isinstance(f, TreeFile)), key=lambda f: os.fsencode(f.name)))
        left = tuple(one for one in found if isinstance(one, LeftOut))
        return LocalTree(files, _digest(files, cache, progress, trust), None if path.is_dir() else path.name, left)
    except OSError as error:
        raise ManifestError(f"the input '{path}' cannot be read: {error.strerror}: '{error.filename}'") from error


def entries_of(folder: Path) -> Iterator[TreeFile | LeftOut]:
    """What is in the tree of a folder, folder by folder. Raises OSError for a folder that cannot be read, ManifestError
    where folders are nested deeper than a name in a store has parts."""
    return _below(folder, "", (os.path.realpath(folder),))


def _below(folder: Path, name: str, above: tuple[str, ...]) -> Iterator[TreeFile | LeftOut]:
    """`above` are the real folders on the way here: a link back to one of them is not followed."""
    if len(above) > DEEPEST:
        first = name.partition("/")[0]
        raise ManifestError(f"an input cannot be read: '{first}/…' holds folders in folders, more than {DEEPEST} deep")
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: os.fsencode(e.name)):
            path, below = Path(entry.path), f"{name}{entry.name}"
            try:
                status = entry.stat()
            except OSError as error:
                if not entry.is_symlink():
                    continue  # gone since its folder was read
                circle = error.errno == errno.ELOOP
                yield LeftOut(
                    below, "is a link back to itself" if circle else f"is a link to '{path.readlink()}', not there"
                )
                continue
            if stat.S_ISDIR(status.st_mode):
                if (real := os.path.realpath(path)) not in above:
                    yield from _below(path, f"{below}/", (*above, real))
                else:
                    yield LeftOut(below, "is a link to a folder that it is in")
            elif stat.S_ISREG(status.st_mode):
                yield TreeFile(below, path, status.st_size)
            else:
                yield LeftOut(below, f"is {kind_of(status.st_mode)}")


def _digest(files: tuple[TreeFile, ...], cache: Path, progress: Progress, trust: Trust) -> str:
    state, done, shown = hashlib.sha256(), 0, 0
    total = sum(file.size for file in files)
    with closing(_open(cache)) as known:
        for file in files:
            remembered = _remembered(file, known, trust)
            digest = remembered or _read_anew(file, known)
            state.update(os.fsencode(file.name) + b"\0" + digest.encode() + b"\n")
            done += file.size
            if remembered is None and done - shown > total / 100 + CHUNK:
                shown = done
                progress(f"hashing inputs: {spell_bytes(done)} of {spell_bytes(total)}")
    return state.hexdigest()


def _open(cache: Path) -> sqlite3.Connection:
    import sqlite3

    make_private(cache.parent)
    try:
        connection = sqlite3.connect(cache, timeout=60, isolation_level=None)  # another run may hash at the same time
        for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF", _TABLE):
            connection.execute(line)
    except sqlite3.DatabaseError as error:
        raise TfinfraError(f"the cache of hashes cannot be read: {error}", hint=f"remove {cache}") from error
    return connection


def _remembered(file: TreeFile, known: sqlite3.Connection, trust: Trust) -> str | None:
    """The hash of a file that is as it was when it was read."""
    if trust is Trust.NOTHING:
        return None
    asked = "SELECT size, mtime_ns, ctime_ns, inode, sha256 FROM known WHERE path = ?"
    row = known.execute(asked, (_key(file),)).fetchone()
    if row is None:
        return None
    compared = len(_stamp(file)) if trust is Trust.ALL_TIMES else 2
    return str(row[-1]) if row[:compared] == _stamp(file)[:compared] else None


def _read_anew(file: TreeFile, known: sqlite3.Connection) -> str:
    stamp, digest = _stamp(file), sha256_of(file.path)
    known.execute("REPLACE INTO known VALUES (?, ?, ?, ?, ?, ?)", (_key(file), *stamp, digest))
    return digest


def _stamp(file: TreeFile) -> tuple[int, int, int, int]:
    """What tells that a file is as it was, in the order of the columns. SQLite's numbers end before an inode's may."""
    status = file.path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & (1 << 62) - 1


def _key(file: TreeFile) -> bytes:
    return os.fsencode(os.path.realpath(file.path))
