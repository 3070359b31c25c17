"""What the operating system refuses, as a user is told of it: a file, a folder, memory, a process."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tfinfra.errors import TfinfraError, UsageError
from tfinfra.system.process.streams import StdoutLost

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LIMITS = {
    errno.EFBIG: ("a file may not grow so large here", "`ulimit -f` and the file system say how large"),
    errno.EMFILE: ("too many files are open", "`ulimit -n 1024` allows as many as tfinfra may need"),
    errno.ENFILE: ("too many files are open on this machine", "try again once other programs have ended"),
    errno.ENOMEM: ("this machine gives no more memory", "`ulimit -v` and the container's limit say how much it gives"),
}
_UNUSABLE = (
    *(errno.EROFS, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EIO, errno.ESTALE),
)
_FOLDERS = "TFINFRA_STATE_DIR and TFINFRA_CACHE_DIR name the folders that tfinfra writes to, beside deploy/ and runs/"
_NO_TEMPORARY = "No usable temporary directory found"
_NO_THREAD = "can't start new thread"


def refusal(error: BaseException) -> TfinfraError | None:
    """The error for what this machine does not give: a disk with space, a folder that can be used, memory, a process,
    the current folder. None for any other, also for a file that is missing: tfinfra itself may have missed it."""
    if isinstance(error, StdoutLost):
        return TfinfraError(error.args[0], "the verb itself did what it was asked for, if no other error is shown")
    if isinstance(error, MemoryError):
        return TfinfraError(*_LIMITS[errno.ENOMEM])
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return TfinfraError("this machine starts no more threads", "`ulimit -u` and the container's limit say how many")
    if not isinstance(error, OSError):
        return None
    if isinstance(error, BlockingIOError) and error.errno == errno.EAGAIN and error.filename is None:
        return TfinfraError("this machine starts no more processes", "`ulimit -u` says how many one user may have")
    return _of_a_file(error)


def _of_a_file(error: OSError) -> TfinfraError | None:
    relative = not (error.filename and Path(os.fsdecode(error.filename)).is_absolute())
    if isinstance(error, FileNotFoundError) and relative and not has_current_folder():
        return UsageError("the current folder was deleted", "go to one that exists: `cd`")
    if isinstance(error, FileNotFoundError) and _NO_TEMPORARY in str(error):
        return UsageError("no folder for temporary files takes any", "name one that does: TMPDIR")
    where = error.filename2 or error.filename or "a file"
    if error.errno in _FULL:
        return TfinfraError(f"cannot write {where}: the disk is full", "free some space on it")
    if error.errno in _LIMITS:
        what, hint = _LIMITS[error.errno]
        return TfinfraError(f"cannot use {where}: {what}" if error.filename else what, hint)
    if error.errno in _UNUSABLE and error.filename is not None:
        return UsageError(f"cannot use {where}: {(error.strerror or str(error)).lower()}", _FOLDERS)
    return None


def has_current_folder() -> bool:
    """False where it was deleted while this process, or the shell that called it, was in it."""
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return False
    return True
