"""What a disk that takes nothing is to a user."""

from __future__ import annotations

import errno

import pytest

from tfinfra.system.disk_errors import disk_trouble

CASES: dict[str, tuple[BaseException, str | None]] = {
    "a full disk": (OSError(errno.ENOSPC, "No space left on device", "/a"), "cannot write /a: the disk is full"),
    "a quota": (OSError(errno.EDQUOT, "Disk quota exceeded"), "cannot write a file: the disk is full"),
    "a read-only file system": (OSError(errno.EROFS, "Read-only file system", "/a"), "/a: read-only file system"),
    "a folder of others": (PermissionError(errno.EACCES, "Permission denied", "/a"), "/a: permission denied"),
    "a file that is not there": (FileNotFoundError(errno.ENOENT, "No such file or directory", "/a"), None),
    "no error of the operating system's": (ValueError("no"), None),
}


@pytest.mark.parametrize(("error", "message"), CASES.values(), ids=CASES.keys())
def test_only_a_disks_refusal_is_one(error: BaseException, message: str | None) -> None:
    found = disk_trouble(error)
    assert (found is None) == (message is None)
    if found is not None and message is not None:
        assert found.message.endswith(message) and found.hint
