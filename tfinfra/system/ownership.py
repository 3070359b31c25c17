"""Whose a folder is: what tfinfra keeps on a machine and uses again belongs to its user or to the administrator, and
no other user may write it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

PRIVATE = 0o700


class NotOwn(Exception):
    """The folder is, or may be written by, somebody else; the text says so."""


def make_own(path: Path) -> bool:
    """Makes a folder for this user alone, and those above it that are missing, whatever the umask. One that exists is
    made private if it is this user's and no other user may write it; True where that changed who may read it.

    Raises NotOwn, and OSError where it cannot be made.
    """
    make_private(path)
    require_own(path)
    if is_open(path):
        path.chmod(PRIVATE)
        return True
    return False


def is_open(path: Path) -> bool:
    """Whether a folder is this user's, and others may look into it."""
    status = path.stat()
    return status.st_uid == os.getuid() and bool(status.st_mode & 0o077)


def require_owner(path: Path) -> None:
    """Raises NotOwn where another user owns what is at `path`, or a link to it. The administrator's is taken, as the
    programs of this machine are."""
    own = {os.getuid(), 0}
    link, target = path.lstat().st_uid, path.stat().st_uid
    if link not in own or target not in own:
        raise NotOwn(f"{path} belongs to {_name(link if target in own else target)}")


def require_own(path: Path) -> None:
    """As `require_owner`, and no other user may write it."""
    require_owner(path)
    state = path.stat()
    if state.st_mode & stat.S_IWOTH or (state.st_mode & stat.S_IWGRP and not _is_alone_in(state.st_gid)):
        raise NotOwn(f"{path} may be written by other users of this machine")


def require_own_tree(folder: Path, depth: int) -> None:
    """As `require_own`, for a folder and what is in it, `depth` folders deep. In a folder that no other user can enter
    only the owners count. Locks do not count: nothing reads what is in them, and uv makes its own for all users."""
    private = folder.is_dir() and folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o077
    _look(folder, depth, require_owner if private else require_own)


def _look(folder: Path, depth: int, require: Callable[[Path], None]) -> None:
    try:
        if not folder.exists() or folder.name.endswith(".lock"):  # a broken link is nothing that is used
            return
        require(folder)
        inside = list(folder.iterdir()) if depth and folder.is_dir() else []
    except FileNotFoundError:  # another process has renamed it meanwhile
        return
    except PermissionError as error:
        raise NotOwn(f"{folder} cannot be looked into") from error
    for path in inside:
        _look(path, depth - 1, require)


def make_private(path: Path) -> None:
    """Makes a folder and those above it that are missing, each for this user alone whatever the umask; Path.mkdir's
    `mode` is for the last of them only. What is there stays as it is. Raises OSError."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            try:
                folder.mkdir(mode=PRIVATE, exist_ok=True)
            except FileNotFoundError as error:  # as /proc says, where nothing can be made
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(folder)) from error
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def user_name() -> str:
    """This user's name, as getpass finds it; the number of one whom this machine does not know by name (containers run
    as such users)."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError: since Python 3.13
        return str(os.getuid())


def _name(uid: int) -> str:
    import pwd

    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"


def _is_alone_in(gid: int) -> bool:
    """Many systems give each user a group of their own, and a umask by which that may write."""
    import grp
    import pwd

    try:
        group, me = grp.getgrgid(gid), pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return False
    return group.gr_name == me and set(group.gr_mem) <= {me}
