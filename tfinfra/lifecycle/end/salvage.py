"""Reads a tree that nodes wrote, where it lies on this machine: the run's share on the local cloud, a dead machine's
own disk. All below its trusted folder is a training script's: no link is followed out of it, and only files are
read."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.store.copying import Unread, copy_of_now
from tfinfra.store.keys import OUTPUT_FOLDERS
from tfinfra.store.landing import shown
from tfinfra.system.strange_trees import walk

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_LINKS = 8

Land = Callable[[str, Callable[[Path], None]], bool]
"""Takes a name and what fills its file; whether it landed."""


@dataclass(frozen=True)
class Left:
    """What of a tree was left out, by name: `odd` is no file, each with what it is; `unread` could not be read, each
    with the reason."""

    odd: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OutputTree:
    """The tasks' common directory: `below` are the names from `folder` to it, which a node may have made."""

    folder: Path
    below: tuple[str, ...] = ()


def save(tree: OutputTree, land: Land) -> Left | None:
    """Lands every file of the tree's outputs, logs and checkpoints. Returns what was left out: a link is brought as
    what it leads to where that is a file of the same tree; what has gone meanwhile is nothing. None where there is no
    such tree. Raises what `land` does, which gets Unread from what fills a file."""
    left = Left()
    with _opened(tree) as root:
        if root is None:
            return None
        for kind in OUTPUT_FOLDERS:
            for name in _names(root, kind, left):
                try:
                    reason = _save_one(root, name, land)
                except Unread as error:
                    left.unread[name] = f"it cannot be read: {error.strerror}"
                    continue
                if reason:
                    left.odd[name] = reason
    return left


@contextmanager
def _opened(tree: OutputTree) -> Iterator[int | None]:
    """A descriptor of the tree's root, None where there is none, or a link or a file on the way to it."""
    opened: list[int] = []
    try:
        try:
            opened.append(os.open(tree.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            for part in tree.below:
                opened.append(os.open(part, _FOLDER, dir_fd=opened[-1]))
        except OSError:
            yield None
            return
        yield opened[-1]
    finally:
        for each in opened:
            os.close(each)


def _names(root: int, kind: str, left: Left) -> Iterator[str]:
    """Everything below the folder `kind` but folders. One that cannot be read, or lies deeper than any name reaches, is
    noted in `left`."""

    def tell(inner: str, error: OSError) -> None:
        name = f"{kind}/{inner}" if inner else kind
        if error.errno == errno.ENOENT:  # a node that is only frozen may go on, and clear up what it wrote
            return
        if error.errno == errno.ENAMETOOLONG:
            left.unread[f"{name[:60]}…"] = "it lies deeper than a path can be"
        else:
            left.unread[name] = f"it cannot be read: {error.strerror}"

    try:
        top = os.open(kind, _FOLDER, dir_fd=root)
    except FileNotFoundError:
        return
    except OSError as error:
        left.unread[kind] = f"it cannot be read: {error.strerror}"
        return
    try:
        yield from (f"{kind}/{name}" for name, _ in walk(top, tell=tell))
    finally:
        os.close(top)


def _save_one(root: int, name: str, land: Land) -> str | None:
    """What it is, where that is no file; None where it landed, has gone meanwhile, or `land` has noted why it did not.
    Raises Unread."""
    try:
        opened = _open(root, name, _LINKS)
    except FileNotFoundError:  # as above
        return None
    except OSError as error:
        raise Unread(error.errno, error.strerror) from error
    if isinstance(opened, str):
        return opened or None
    with os.fdopen(opened, "rb") as source:

        def fill(path: Path) -> None:
            """As much as there is now: a task that is only frozen may go on writing."""
            with path.open("wb") as out:
                copy_of_now(source, out)

        land(name, fill)
    return None


def _open(root: int, name: str, links: int) -> int | str:
    """A descriptor of the file, or why there is none ("": it is no thing at all, but an overlay's mark)."""
    *folders, last = name.split("/")
    parent = os.dup(root)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=parent)
            os.close(parent)
            parent = below
        found = os.stat(last, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            target = os.readlink(last, dir_fd=parent)
            return _open_target(root, name, target, links)
        if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
            return ""
        what = next((text for test, text in _KINDS if test(found.st_mode)), None)
        if what is not None:
            return f"is {what}"
        opened = os.open(last, _FILE, dir_fd=parent)
        if stat.S_ISREG(os.fstat(opened).st_mode):
            return opened
        os.close(opened)
        return "is no file"
    finally:
        os.close(parent)


def _open_target(root: int, name: str, target: str, links: int) -> int | str:
    """What the link `name` leads to, where that is a file of the same tree."""
    aim = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if aim.split("/")[0] not in OUTPUT_FOLDERS:
        return f"is a link that leads out, to {shown(target)}"
    if not links:
        return "is a link that leads in a circle"
    try:
        opened = _open(root, aim, links - 1)
    except OSError:
        return f"is a link to {shown(target)}, which is not there or no file"
    return opened
