"""What an operating system's refusal is to a user."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tfinfra.system.process.refusals import refusal


def no(number: int, where: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), where) if where else OSError(number, os.strerror(number))


CASES: dict[str, tuple[BaseException, int, str]] = {
    "a full disk": (no(errno.ENOSPC, "/a"), 1, "cannot write /a: the disk is full"),
    "a quota": (no(errno.EDQUOT), 1, "cannot write a file: the disk is full"),
    "a limit to a file's size": (no(errno.EFBIG, "/a"), 1, "cannot use /a: a file may not grow so large here"),
    "a read-only file system": (no(errno.EROFS, "/a"), 2, "cannot use /a: read-only file system"),
    "a folder of others": (no(errno.EACCES, "/a"), 2, "cannot use /a: permission denied"),
    "a file in a folder's place": (no(errno.ENOTDIR, "/a"), 2, "cannot use /a: not a directory"),
    "a file where one is to be made": (no(errno.EEXIST, "/a"), 2, "cannot use /a: file exists"),
    "a name that is too long": (no(errno.ENAMETOOLONG, "/a"), 2, "cannot use /a: file name too long"),
    "too many open files": (no(errno.EMFILE), 1, "too many files are open"),
    "no memory": (MemoryError(), 1, "this machine gives no more memory"),
    "no threads": (RuntimeError("can't start new thread"), 1, "this machine starts no more threads"),
    "no processes": (BlockingIOError(errno.EAGAIN, "Resource"), 1, "this machine starts no more processes"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_user_is_told(case: str) -> None:
    error, exit_code, message = CASES[case]
    found = refusal(error)
    assert found is not None
    assert (found.exit_code, found.message, bool(found.hint)) == (exit_code, message, True)


FAULTS: dict[str, BaseException] = {
    "a file that is not there": no(errno.ENOENT, "/a"),
    "no folder, in a folder that exists": no(errno.ENOENT),
    "a descriptor that is none": no(errno.EBADF),
    "no error of the operating system's": ValueError("no"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_only_tfinfra_can_have_done_is_none(case: str) -> None:
    assert refusal(FAULTS[case]) is None


def test_a_current_folder_that_was_deleted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError) as raised:
        Path.cwd()
    found = refusal(raised.value)
    assert found is not None
    assert (found.exit_code, found.message) == (2, "the current folder was deleted")
