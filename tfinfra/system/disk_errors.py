"""What the operating system's refusal to write a file is to a user."""

from __future__ import annotations

import errno

from tfinfra.errors import TfinfraError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


def disk_trouble(error: BaseException) -> TfinfraError | None:
    """The error for a disk that is full, or a folder that this user may not write; None for any other."""
    if not isinstance(error, OSError) or error.errno not in (*_FULL, *_READ_ONLY):
        return None
    where = error.filename or "a file"
    if error.errno in _FULL:
        return TfinfraError(f"cannot write {where}: the disk is full", "free some space on it")
    hint = "TFINFRA_STATE_DIR and TFINFRA_CACHE_DIR name the folders that tfinfra writes to, beside deploy/ and runs/"
    return TfinfraError(f"cannot write {where}: {(error.strerror or str(error)).lower()}", hint)
