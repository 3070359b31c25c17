"""Folders that a training script or a stranger filled, walked and removed: no link is followed, and a chain of folders
may be longer than a path, than Python's stack and than the descriptors of a process. (os.walk and shutil.rmtree call
themselves for each level before Python 3.12 and 3.13.)"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DEEPEST = 254
"""Parts of a name, as Blob has it; also descriptors that are open at a time
(https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata)."""
LONGEST = 3500
"""Bytes of a name: with its folder before it Linux takes 4096 (PATH_MAX); macOS takes 1024, and says so itself."""


Tell = Callable[[str, OSError], None]


def walk(
    top: int, enter: Callable[[str], bool] = lambda _: True, tell: Tell = lambda *_: None
) -> Iterator[tuple[str, bool]]:
    """Everything below the folder of the descriptor `top` but folders, by name with '/', and whether it is a plain
    file; folder by folder, sorted in each. `enter` says of a folder's name, the last part of it, whether it is looked
    into. `tell` hears of a folder that was not read, "" for `top` itself, with the reason."""
    opened: list[int] = []  # the folder that is looked at, after all above it
    waiting = [""]
    try:
        while waiting:
            inner = waiting.pop()
            depth = inner.count("/") + 1 if inner else 0
            while len(opened) > depth:
                os.close(opened.pop())
            try:
                opened.append(os.open(inner.rpartition("/")[2] or ".", FOLDER, dir_fd=opened[-1] if opened else top))
                found = _entries(opened[-1])
            except OSError as error:
                tell(inner, error)
                continue
            above = f"{inner}/" if inner else ""
            yield from ((above + name, is_file) for name, is_folder, is_file in found if not is_folder)
            for name in (name for name, is_folder, _ in reversed(found) if is_folder and enter(name)):
                if depth >= DEEPEST or len(os.fsencode(above + name)) > LONGEST:
                    tell(above + name, OSError(errno.ENAMETOOLONG, "it lies deeper than a path can be"))
                else:
                    waiting.append(above + name)
    finally:
        for each in opened:
            os.close(each)


def _entries(at: int) -> list[tuple[str, bool, bool]]:
    with os.scandir(at) as entries:
        return sorted((e.name, e.is_dir(follow_symlinks=False), e.is_file(follow_symlinks=False)) for e in entries)


def names_below(
    folder: Path, enter: Callable[[str], bool] = lambda _: True, tell: Tell = lambda *_: None
) -> Iterator[str]:
    """The names that `walk` gives, with its `enter` and `tell`; none where there is no such folder."""
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        tell("", error)
        return
    try:
        yield from (name for name, _ in walk(top, enter, tell))
    finally:
        os.close(top)


def remove_tree(folder: Path) -> None:
    """Removes `folder` with all in it, also what its owner may not read. Raises OSError where something stays,
    FileNotFoundError where there is no such folder."""
    top = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        root = _opened(top, folder.name)
        try:
            _empty(root)
        finally:
            os.close(root)
        os.rmdir(folder.name, dir_fd=top)
    finally:
        os.close(top)


def _empty(root: int) -> None:
    """Folders that are not empty are moved up into the root, one by one: so no chain of them is ever climbed down."""
    while names := os.listdir(root):
        for name in names:
            if _unlinked(root, name):
                continue
            inner = _opened(root, name)
            try:
                for below in os.listdir(inner):  # noqa: PTH208
                    if not _unlinked(inner, below):
                        os.close(_opened(inner, below))
                        os.rename(below, uuid4().hex, src_dir_fd=inner, dst_dir_fd=root)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=root)


def _unlinked(at: int, name: str) -> bool:
    """Whether it is gone; False for a folder that is not empty. Most are files: one call each."""
    try:
        os.unlink(name, dir_fd=at)
    except (IsADirectoryError, PermissionError):  # the second: so say macOS and others of a folder
        if not stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
            raise
    else:
        return True
    with suppress(OSError):
        os.rmdir(name, dir_fd=at)
        return True
    return False


def _opened(at: int, name: str) -> int:
    """A descriptor of the folder, which its owner may read and change from now on."""
    with suppress(PermissionError):
        opened = os.open(name, FOLDER, dir_fd=at)
        if os.fstat(opened).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(opened, stat.S_IRWXU)
        return opened
    os.chmod(name, stat.S_IRWXU, dir_fd=at)  # nothing runs any more that could put a link there
    return os.open(name, FOLDER, dir_fd=at)
