"""A store in a folder whose files somebody goes on writing, or whose disk cannot read one of them."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfinfra.errors import TeardownIncomplete
from tfinfra.lifecycle.end.bring_home import bring_home
from tfinfra.store import ObjectStore, keys, open_store, store_errors
from tfinfra.store.folder import FolderStore
from tfinfra.store.seam import OddObject

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


class _Broken(io.FileIO):
    """Lies where the disk cannot be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


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


def _break(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every file of that name is on a disk that cannot be read."""
    fdopen = os.fdopen

    def by_number(number: int, mode: str = "r", *more: Any) -> Any:
        is_bad = mode == "rb" and Path(f"/proc/self/fd/{number}").readlink().name == name
        return _Broken(number, mode) if is_bad else fdopen(number, mode, *more)

    monkeypatch.setattr(os, "fdopen", by_number)


BROKEN = {
    "an output": ("bad", ["outputs/a", "outputs/c", "tasks/rank-0.log", "tasks/rank-1.log"], "1 file: outputs/bad"),
    "a log": ("00000001.log", ["outputs/a", "outputs/bad", "outputs/c", "tasks/rank-1.log"], "1 file: the log rank-0"),
}


@pytest.mark.parametrize(("name", "came", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_one_object_whose_disk_cannot_be_read_costs_no_other_its_way(
    name: str, came: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, home = open_store((tmp_path / "store").as_uri()), tmp_path / "home"
    for key in ("a", "bad", "c"):
        store.put(keys.output_key("outputs", key), b"1")
    for key in (keys.log_key("rank-0", 0), keys.log_key("rank-0", 1), keys.log_key("rank-1", 0)):
        store.put(key, b"1")
    _break(monkeypatch, name)
    found = bring_home(store, home, ("rank-0", "rank-1"), None)
    assert sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()) == came
    assert found.keeps and "Input/output error" in str(found.missing) and str(found.missing).startswith(told)


def test_a_disk_here_that_is_full_is_not_the_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, opened = open_store((tmp_path / "store").as_uri()), Path.open
    store.put(keys.output_key("outputs", "a"), b"1")

    class Full(io.FileIO):
        def write(self, data: Any, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(path: Path, mode: str = "r", *more: Any) -> Any:
        return Full(path, mode) if mode == "xb" else opened(path, mode, *more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(TeardownIncomplete, match="No space left"):
        bring_home(store, tmp_path / "home", (), None)


LONG = "x" * 300
REFUSED: dict[str, Callable[[FolderStore], object]] = {
    "a name that no file can have, written": lambda store: store.put(f"{LONG}/a", b"1"),
    "read": lambda store: store.get(LONG),
    "listed": lambda store: store.list(LONG),
    "a key of more parts than Blob takes": lambda store: store.get("/".join(["a"] * 300)),
    "a folder, deleted": lambda store: store.delete("folder"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_no_object_can_be_is_refused_as_a_store_refuses(sentence: str, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put("folder/a", b"1")
    with pytest.raises((*store_errors(), OddObject)):
        REFUSED[sentence](store)
    assert store.list("") == ["folder/a"]
