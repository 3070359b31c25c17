"""A store in a folder whose files somebody goes on writing, or whose disk cannot read one of them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfinfra.store import ObjectStore, open_store

MOST = 20
"""Reads of one file, before its reader counts as one that never ends."""


class _Growing(io.FileIO):
    """As much is written to the file as is read from it."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self._reads = getattr(self, "_reads", 0) + 1
        assert self._reads < MOST, "who reads it follows it for ever"
        with Path(f"/proc/self/fd/{self.fileno()}").open("ab") as writer:
            writer.write(found)
        return found


def _get(store: ObjectStore, folder: Path) -> bytes:
    store.get_file("a", folder / "copy")
    return (folder / "copy").read_bytes()


def _put(store: ObjectStore, folder: Path) -> bytes:
    store.put_file("b", folder / "store/a")
    return (folder / "store/b").read_bytes()


@pytest.mark.parametrize("act", [_get, _put])
def test_a_file_that_grows_while_it_is_copied_is_copied_as_it_was(
    act: Callable[[ObjectStore, Path], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, fdopen, opened = open_store((tmp_path / "store").as_uri()), os.fdopen, Path.open
    store.put("a", b"1")

    def by_number(number: int, mode: str = "r", *more: Any) -> Any:
        return _Growing(number, mode) if mode == "rb" else fdopen(number, mode, *more)

    def by_path(path: Path, mode: str = "r", *more: Any) -> Any:
        return _Growing(path, mode) if path.name == "a" else opened(path, mode, *more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen", by_number)
        patched.setattr(Path, "open", by_path)
        came = act(store, tmp_path)
        assert (tmp_path / "store/a").stat().st_size > 1
    assert came == b"1"
