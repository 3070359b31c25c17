"""A store in a folder of this machine. Nodes may put what they like into it, at any moment: what is no plain file is no
object, and nothing is read, listed, written or deleted through a link. Each part of a key is opened below the one
before it, so that no link can come in between a look and an act."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from tfinfra.store.copying import Unread, copy_of_now
from tfinfra.store.seam import MOST_AT_ONCE, OddObject
from tfinfra.system.strange_trees import DEEPEST, FOLDER, walk

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FILE, _NO_FOLDER = (errno.ELOOP, errno.ENXIO), (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
_TRIES = 20
"""How often a link is taken out of the way of one key, while somebody puts it there again."""
_BEING_WRITTEN = re.compile(r".*#[0-9]+")
"""How a file is named that is still being written."""


class FolderStore:
    """An ObjectStore whose objects are the files below `folder`, which is made. Raises OSError where it cannot be."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def put(self, key: str, data: bytes) -> None:
        self._write(key, lambda out: out.write(data), _rename)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        try:
            self._write(key, lambda out: out.write(data), _link)
        except FileExistsError:
            return False
        return True

    def put_file(self, key: str, path: Path) -> None:
        with path.open("rb") as file:
            self._write(key, lambda out: copy_of_now(file, out), _rename)

    def _write(self, key: str, fill: Callable[[BinaryIO], object], give_name: Callable[[int, str, str], None]) -> None:
        """Fills a file beside the key, and gives it the key's name when it is whole."""
        with _as_store_errors(key):
            *above, name = _parts(key)
            with _entered(self._folder, above, make=True) as at:
                draft = f".{uuid4().hex}#0"
                try:
                    with os.fdopen(os.open(draft, _DRAFT, 0o666, dir_fd=at), "wb") as out:
                        fill(out)
                    give_name(at, draft, name)
                finally:
                    with suppress(FileNotFoundError):
                        os.unlink(draft, dir_fd=at)

    def delete(self, key: str) -> None:
        """A link on the way leads to nothing of this store's."""
        with _as_store_errors(key):
            *above, name = _parts(key)
            try:
                with _entered(self._folder, above) as at:
                    os.unlink(name, dir_fd=at)
            except OSError as error:
                if error.errno not in _NO_FOLDER:
                    raise

    def get(self, key: str) -> bytes | None:
        try:
            with self._opened(key) as file, _as_store_errors(key):
                data = file.read(MOST_AT_ONCE + 1)
        except FileNotFoundError:
            return None
        if len(data) > MOST_AT_ONCE:
            raise OddObject(f"it is larger than {MOST_AT_ONCE} bytes")
        return data

    def get_file(self, key: str, path: Path) -> None:
        """What comes lies beside `path` until it is whole. Errors of the disk where that is are OSErrors."""
        part = path.with_name(f".{uuid4().hex}.part")
        try:
            with self._opened(key) as file, part.open("xb") as out:
                try:
                    copy_of_now(file, out)
                except Unread as error:
                    raise _of_the_store(key, error) from error
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _opened(self, key: str) -> Iterator[BinaryIO]:
        """The plain file at `key`, opened without waiting for anybody. Raises FileNotFoundError where there is none,
        OddObject where it is something else."""
        with _as_store_errors(key):
            found = _open(self._folder, key)
        with os.fdopen(found, "rb") as file:
            yield file

    def list(self, prefix: str) -> list[str]:
        with _as_store_errors(prefix):
            return sorted(_keys(self._folder, prefix))


def _rename(at: int, draft: str, name: str) -> None:
    os.rename(draft, name, src_dir_fd=at, dst_dir_fd=at)


def _link(at: int, draft: str, name: str) -> None:
    """A link that has the name is no object, and makes way."""
    for _ in range(_TRIES):
        try:
            os.link(draft, name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
        except FileExistsError:
            if not _drop_link(at, name):
                raise
        else:
            return
    raise OSError(errno.ELOOP, "somebody puts a link there again and again")


def _drop_link(at: int, name: str) -> bool:
    """Whether what has the name was a link, which is gone now, or nothing."""
    try:
        if not stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
            return False
        os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        return True
    return True


@contextmanager
def _entered(root: Path, parts: list[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder at `parts`. With `make` it is made where it is missing, and links on the way to it are
    removed: no run puts any there."""
    top = os.open(root, FOLDER)
    try:
        with _below(top, parts, make=make) as here:
            yield here
    finally:
        os.close(top)


@contextmanager
def _below(top: int, parts: list[str], *, make: bool = False) -> Iterator[int]:
    """As `_entered`, from a folder that is open."""
    here = os.dup(top)
    try:
        for part in parts:
            below = _made(here, part) if make else os.open(part, FOLDER, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _made(here: int, part: str) -> int:
    for _ in range(_TRIES):
        try:
            return os.open(part, FOLDER, dir_fd=here)
        except FileNotFoundError:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=here)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR) or not _drop_link(here, part):
                raise
    raise OSError(errno.ELOOP, "somebody puts a link there again and again")


def _parts(key: str) -> list[str]:
    parts = key.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise OddObject("it is no key")
    if len(parts) > DEEPEST:
        raise OddObject(f"its name has more than {DEEPEST} parts")
    return parts


def _open(folder: Path, key: str) -> int:
    """What lies behind a link, or below what is no folder, is no object: no list has it either."""
    *above, name = _parts(key)
    with _entered(folder, []) as root:  # a store that is not there is no missing object
        try:
            with _below(root, above) as here:
                found = _opened_file(here, name)
        except PermissionError as error:
            raise OddObject("this user may not read it") from error
        except OSError as error:
            raise (_Missing(key) if error.errno in _NO_FOLDER else error) from error
    kind = os.fstat(found).st_mode
    if stat.S_ISREG(kind):
        return found
    os.close(found)
    raise _Missing(key) if stat.S_ISDIR(kind) else OddObject("it is no plain file")


def _opened_file(at: int, name: str) -> int:
    try:
        return os.open(name, _FILE, dir_fd=at)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise OddObject("it is no plain file") from error
        raise


class _Missing(FileNotFoundError):
    """No object has the key; that the store is away is something else."""


def _keys(folder: Path, prefix: str) -> Iterator[str]:
    """A name that no key may have is no object, nor is what lies in a folder that this user may not read, or
    deeper than a key may be."""

    def tell(inner: str, error: OSError) -> None:
        del inner
        if error.errno not in (*_NO_FOLDER, errno.EACCES, errno.ENAMETOOLONG):
            raise error

    with _entered(folder, []):  # a store that is not there is no empty one
        pass
    try:
        with _entered(folder, _parts(prefix) if prefix else []) as top:
            above = f"{prefix}/" if prefix else ""
            yield from (above + name for name, is_file in walk(top, tell=tell) if is_file and _is_key(name))
    except OSError as error:
        if not prefix or error.errno not in (*_NO_FOLDER, errno.EACCES):
            raise


def _is_key(name: str) -> bool:
    return not _BEING_WRITTEN.fullmatch(name.rpartition("/")[2]) and not any(
        "\ud800" <= letter <= "\udfff" for letter in name
    )


@contextmanager
def _as_store_errors(key: str) -> Iterator[None]:
    """A disk's errors are the store's."""
    try:
        yield
    except (OddObject, FileExistsError, _Missing):
        raise
    except ValueError as error:  # a NUL in a key
        raise OddObject(str(error)) from error
    except OSError as error:
        raise _of_the_store(key, error) from error


def _of_the_store(key: str, error: OSError) -> Exception:
    from obstore.exceptions import GenericError

    return GenericError(f"{key or 'the store'}: {error.strerror or error}")
