"""All files below a folder with their digests, as a value, as text, and as one digest over that text.

The text has a line for each file and link, sorted by the bytes of its path:

    <mode> <SHA-256> <path>

The mode is git's: 100644 a file, 100755 one that its owner may execute, 120000 a link, whose digest is that of the text
that it holds. So neither a umask nor who owns a file matters. Anything else has the mode 000000 and 64 zeros. In a
path, a backslash is written as two, and a line feed as \\n. The tree's digest is the SHA-256 of this text, in UTF-8.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tfinfra.environment.proof.deviation import Deviation, Kind
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.strange_trees import names_below

FILE, PROGRAM, LINK, STRANGE = "100644", "100755", "120000", "000000"
_NOTHING = "0" * 64
_LINE = re.compile(r"(100644|100755|120000|000000) ([0-9a-f]{64}) (.+)")


@dataclass(frozen=True)
class Entry:
    mode: str
    sha256: str


@dataclass(frozen=True)
class Tree:
    """The `entries` by path, with '/', relative to the folder. `unread` are the files and folders that could not be
    read, with the reason."""

    entries: dict[str, Entry]
    unread: tuple[tuple[str, str], ...] = ()

    @cached_property
    def text(self) -> str:
        lines = sorted((os.fsencode(path), path, entry) for path, entry in self.entries.items())
        return "".join(f"{entry.mode} {entry.sha256} {_escaped(path)}\n" for _, path, entry in lines)

    @cached_property
    def digest(self) -> str:
        """64 hexadecimal digits. Where something could not be read, it is the digest of what could."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()


def read_tree(folder: Path, without: Collection[str] = (), enter: Callable[[str], bool] = lambda _: True) -> Tree:
    """What is below `folder` now, but for the paths in `without`; `enter` says of a folder's name whether it counts. No
    link is followed."""
    unread: list[tuple[str, str]] = []
    names = names_below(folder, enter, lambda name, error: unread.append((name, error.strerror or str(error))))
    paths = [name for name in names if name not in without]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda name: _entry(folder / name), paths, chunksize=1))
    entries = {name: entry for name, entry in zip(paths, found, strict=True) if isinstance(entry, Entry)}
    unread += [(name, why) for name, why in zip(paths, found, strict=True) if isinstance(why, str)]
    return Tree(entries, tuple(sorted(unread)))


def parse_tree(text: str) -> Tree:
    """The tree of a text that `Tree.text` gave. Raises ValueError for any other text."""
    lines = text.split("\n")
    found = [_LINE.fullmatch(line) for line in lines[:-1]]
    tree = Tree({_plain(line[3]): Entry(line[1], line[2]) for line in found if line})
    if lines[-1] or tree.text != text:
        raise ValueError("this is no list of a tree's files")
    return tree


def deviations(expected: Tree, found: Tree) -> tuple[Deviation, ...]:
    """How `found` differs from `expected`, sorted by path: nothing where both have the same digest and all was read."""
    unread = dict(found.unread)
    return tuple(
        deviation
        for path in sorted({*expected.entries, *found.entries, *unread})
        if (deviation := _deviation(path, expected.entries.get(path), found.entries.get(path), unread.get(path)))
    )


def _deviation(path: str, expected: Entry | None, found: Entry | None, unread: str | None) -> Deviation | None:
    if unread is not None:
        return Deviation(Kind.UNVERIFIABLE, path, f"cannot be read: {unread}")
    if expected is None:
        return Deviation(Kind.FOREIGN, path, "was not there when the environment was built")
    if found is None:
        return Deviation(Kind.MISSING, path, "is gone")
    if expected.mode != found.mode:
        return Deviation(Kind.CHANGED, path, f"was {_NAMES[expected.mode]}, and is {_NAMES[found.mode]}")
    return None if expected == found else Deviation(Kind.CHANGED, path, "holds other bytes")


_NAMES = {FILE: "a file", PROGRAM: "a program", LINK: "a link", STRANGE: "neither file nor link"}


def digest_of(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")).hexdigest()


def _entry(path: Path) -> Entry | str:
    """The entry, or why it cannot be read."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return Entry(LINK, hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest())  # noqa: PTH115 - as it is
        if not stat.S_ISREG(mode):
            return Entry(STRANGE, _NOTHING)
        return Entry(PROGRAM if mode & stat.S_IXUSR else FILE, sha256_of(path))
    except OSError as error:
        return error.strerror or str(error)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace("\n", "\\n")


def _plain(path: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], path)
