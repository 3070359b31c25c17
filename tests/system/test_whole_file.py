"""A file is there whole or not at all."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tfinfra.system.whole_file import write_whole


def test_the_old_file_stays_and_no_other_where_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_whole(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))  # as a full disk: EFBIG in the place of ENOSPC
    try:
        with pytest.raises(OSError, match="too large") as raised:
            write_whole(path, b"new and longer")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.filename == str(path)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"record.json": b"old"}


def test_a_private_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    write_whole(tmp_path / "key", b"x", 0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
