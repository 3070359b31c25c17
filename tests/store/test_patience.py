"""How often a trouble is told that each call meets again and again."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from tests.clocks import FakeClock
from tfinfra.store import PatientStore
from tfinfra.store.folder import FolderStore


class _Full(FolderStore):
    """A folder on a disk without space: it can be read."""

    def put(self, key: str, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), key)


def test_a_full_disk_is_told_once_a_minute_and_not_once_a_try(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    store = PatientStore(_Full(tmp_path), clock, 10.0)
    with caplog.at_level(logging.WARNING):
        for beat in range(6):
            with pytest.raises(OSError, match="No space left"):
                store.put(f"beat-{beat}", b"")
            assert store.get("beat") is None
    assert 50 < clock.now - 1000.0 < 70
    assert 1 <= len(caplog.messages) <= 2
    assert caplog.messages[0].startswith("the store failed, trying again for up to 10 s: ")
