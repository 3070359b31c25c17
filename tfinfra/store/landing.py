"""Where bytes that a node or a store names become files: below one folder, whatever the name says.

The folder is held by a descriptor, and each component of a name is opened below the one before it, never through a
link: what leads out, and what a link leads to, cannot be said. A file is filled in a folder of its own and takes its
name when it is whole, so that a name is never opened for writing; and nothing ever lands as a link.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from tfinfra.system.strange_trees import LONGEST
from tfinfra.text.file_names import folded

INCOMING = ".tfinfra-incoming"
"""Beside what has landed: what is on its way. A later landing goes on with it."""
PATIENCE = 10.0
"""Seconds that one process waits for another that lands files in the same folder."""
_log = logging.getLogger(__name__)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_PART = 255
_UNNAMEABLE = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
_DESCRIPTORS = Path("/proc/self/fd")


class Unplaceable(ValueError):
    """A name that cannot be a file below a folder here; its text says why."""


def components(name: str) -> tuple[str, ...]:
    """The parts of the relative path `name` (with '/'). Raises Unplaceable for one that is none."""
    parts = tuple(name.split("/"))
    if name.startswith("/"):
        raise Unplaceable("it begins at the root")
    if ".." in parts:
        raise Unplaceable("it leads out of its folder")
    if "" in parts or "." in parts:
        raise Unplaceable("a part of it is empty")
    if "\0" in name:
        raise Unplaceable("it holds a NUL")
    if len(os.fsencode(name)) > LONGEST:
        raise Unplaceable("it is longer than a path can be")
    if parts[0] == INCOMING:
        raise Unplaceable("that name is tfinfra's own")
    return parts


def clashes(names: Iterable[str], *, folds: bool) -> dict[str, str]:
    """The names that cannot lie beside the others, each with the reason: one that is a file and a folder, and, where
    the file system `folds` names (takes 'A' and 'a' for one), every one but the first of those that are one there."""
    known = sorted(set(names))
    folders = {_folded("/".join(parts[:i]), folds) for n in known if (parts := n.split("/")) for i in range(len(parts))}
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for name in known:
        same = first.setdefault(_folded(name, folds), name)
        if _folded(name, folds) in folders:
            found[name] = "a folder has that name too"
        elif same != name:
            found[name] = f"on this file system '{shown(same)}' is the same name"
    return found


def unplaceable(names: Iterable[str]) -> dict[str, str]:
    """The names that cannot be files of one folder, wherever that is, each with the reason."""
    found, kept = dict[str, str](), list[str]()
    for name in names:
        try:
            parts = [len(os.fsencode(part)) for part in components(name)]
        except (Unplaceable, UnicodeEncodeError) as error:
            found[name] = str(error) if isinstance(error, Unplaceable) else "it is no text"
            continue
        if max(parts) > _LONGEST_PART:
            found[name] = "a part of it is longer than a file's name can be"
        else:
            kept.append(name)
    return {**found, **clashes(kept, folds=True)}


def _folded(name: str, folds: bool) -> str:
    return folded(name) if folds else name


def shown(name: str) -> str:
    """A name as messages write it: without control characters and bytes that are no text."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name)


class Landing:
    """The folder that files land in, open from `with` on. Any thread may land files, and may still be at it when
    another leaves. Raises OSError where the folder cannot be made, Unplaceable where it is a link: its parents may be,
    they are its owner's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._users = 0
        self._open = False

    def __enter__(self) -> Landing:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._root = os.open(self.folder, _FOLDER)
        except OSError as error:
            if not self.folder.is_symlink():
                raise
            raise Unplaceable(f"{self.folder} is a link: nothing is written through it") from error
        try:
            self._incoming = self._own()
        except BaseException:
            os.close(self._root)
            raise
        self._open, self._users = True, 1
        return self

    def _own(self) -> int:
        """The folder of what is on its way, held alone: another process that lands here waits a moment, or is waited
        for. Raises Unplaceable where it takes longer: it may be stopped, and a deletion must not wait for that."""
        until = time.monotonic() + PATIENCE
        while True:
            incoming = _step(self._root, INCOMING, INCOMING, 0o700)
            try:
                fcntl.flock(incoming, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(incoming)
                if time.monotonic() > until:
                    raise Unplaceable(
                        f"another process brings files to {self.folder}, and goes on with that"
                    ) from error
                time.sleep(0.1)
                continue
            except OSError:
                _log.debug("no locks in %s", self.folder)  # a network's file system may know none
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(incoming), os.stat(INCOMING, dir_fd=self._root, follow_symlinks=False)):
                    return incoming
            os.close(incoming)  # its earlier holder has removed it

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """What is on its way stays after an error, for the next landing."""
        if error is None:
            for name in os.listdir(self._incoming):  # noqa: PTH208 - pathlib knows no folder handles
                os.unlink(name, dir_fd=self._incoming)
            os.rmdir(INCOMING, dir_fd=self._root)
        self._open = False
        self._left()

    def _left(self) -> None:
        """The last one closes: a number that another file has got meanwhile must not be written to."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                os.close(self._incoming)
                os.close(self._root)

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._lock:
            if not self._open:
                raise OSError(errno.EBADF, "nothing lands here any more")
            self._users += 1
        try:
            yield
        finally:
            self._left()

    def land(self, name: str, fill: Callable[[Path], object]) -> None:
        """Makes the file `name`, replacing one that is there: `fill` writes its bytes to a path. Raises Unplaceable
        where the name cannot be, and what `fill` and the file system raise."""
        parts = components(name)
        draft = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        with self._used():
            fill(self._path_of(draft))
            with self._entered(parts[:-1]) as parent:
                try:
                    os.rename(draft, parts[-1], src_dir_fd=self._incoming, dst_dir_fd=parent)
                except IsADirectoryError as error:
                    raise Unplaceable("a folder of that name is there") from error
                except OSError as error:
                    raise _unnameable(error) from error

    def make(self, name: str) -> None:
        """Makes a folder. Raises Unplaceable where a link or something else has that name."""
        with self._entered(components(name)):
            return

    def has(self, name: str) -> bool:
        """Whether a file of that name is there already."""
        parts = components(name)
        try:
            with self._entered(parts[:-1], make=False) as parent:
                return stat.S_ISREG(os.stat(parts[-1], dir_fd=parent, follow_symlinks=False).st_mode)
        except OSError:
            return False

    def remove(self, name: str) -> None:
        """Removes the plain file of that name, where one is. Raises Unplaceable where the name cannot be."""
        parts = components(name)
        if self.has(name):
            with self._entered(parts[:-1], make=False) as parent:
                os.unlink(parts[-1], dir_fd=parent)

    def folds(self) -> bool:
        """Whether the file system takes names for one that differ in their letters' case."""
        os.close(os.open("cAsE", os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600, dir_fd=self._incoming))
        try:
            os.stat("CaSe", dir_fd=self._incoming, follow_symlinks=False)
        except FileNotFoundError:
            return False
        finally:
            os.unlink("cAsE", dir_fd=self._incoming)
        return True

    def _path_of(self, draft: str) -> Path:
        """A path for what takes no descriptor, through the descriptor where the system has such names."""
        below = _DESCRIPTORS / str(self._incoming)
        return (below if below.exists() else self.folder / INCOMING) / draft

    @contextmanager
    def _entered(self, parts: tuple[str, ...], *, make: bool = True) -> Iterator[int]:
        """A descriptor of the folder, made where it is missing."""
        here = os.dup(self._root)
        try:
            for i, part in enumerate(parts):
                below = _step(here, part, "/".join(parts[: i + 1]), 0o777 if make else None)
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)


def _step(folder: int, part: str, name: str, mode: int | None) -> int:
    """Opens the folder `part` in `folder`; with `mode` it is made where it is missing, and takes the place of a
    file."""
    for _ in range(2):
        try:
            return os.open(part, _FOLDER, dir_fd=folder)
        except FileNotFoundError:
            if mode is None:
                raise
        except OSError as error:
            _clear_way(folder, part, name, error, replace=mode is not None)
        try:
            os.mkdir(part, mode or 0o777, dir_fd=folder)
        except FileExistsError:
            continue  # another thread's
        except OSError as error:
            raise _unnameable(error) from error
    return os.open(part, _FOLDER, dir_fd=folder)


def _clear_way(folder: int, part: str, name: str, error: OSError, *, replace: bool) -> None:
    """Removes a file where a folder has to be. Raises Unplaceable for what is not ours to remove."""
    if error.errno not in (errno.ENOTDIR, errno.ELOOP):
        raise _unnameable(error) from error
    kind = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
    if not stat.S_ISREG(kind) or not replace:
        what = "a link" if stat.S_ISLNK(kind) else "no folder"
        raise Unplaceable(f"'{shown(name)}' is {what} there") from error
    os.unlink(part, dir_fd=folder)


def _unnameable(error: OSError) -> Exception:
    """The error; Unplaceable where the name alone is at fault."""
    return Unplaceable(f"this file system refuses it: {error.strerror}") if error.errno in _UNNAMEABLE else error
