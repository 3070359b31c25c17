"""One hash over the names and bytes of an input, and each file read once."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tfinfra.errors import ManifestError, TfinfraError
from tfinfra.system import local_tree
from tfinfra.system.local_tree import LocalTree, read_tree


def a_tree(folder: Path) -> Path:
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/one.csv").write_text("1")
    (folder / "a/b/two.csv").write_text("2")
    return folder / "a"


def read(path: Path, tmp_path: Path) -> LocalTree:
    return read_tree(path, tmp_path / "cache/hashes", lambda _: None)


def rename(root: Path) -> None:
    (root / "one.csv").rename(root / "uno.csv")


def move(root: Path) -> None:
    (root / "one.csv").rename(root / "b/one.csv")


CHANGES: dict[str, Callable[[Path], object]] = {
    "another byte": lambda root: (root / "one.csv").write_text("3"),
    "another name": rename,
    "another folder": move,
    "one file more": lambda root: (root / "three.csv").touch(),
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_what_changes_the_hash(sentence: str, tmp_path: Path) -> None:
    root = a_tree(tmp_path)
    before = read(root, tmp_path)
    CHANGES[sentence](root)
    assert read(root, tmp_path).sha256 != before.sha256


def test_the_same_content_elsewhere_has_the_same_hash(tmp_path: Path) -> None:
    first = read(a_tree(tmp_path / "x"), tmp_path)
    assert first.sha256 == read(a_tree(tmp_path / "y"), tmp_path).sha256
    assert [file.name for file in first.files] == ["b/two.csv", "one.csv"] and first.size == 2


def test_a_file_is_read_again_only_where_its_size_or_time_has_changed(tmp_path: Path) -> None:
    root = a_tree(tmp_path)
    before, status = read(root, tmp_path), (root / "one.csv").stat()
    (root / "one.csv").write_text("x")
    os.utime(root / "one.csv", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read(root, tmp_path).sha256 == before.sha256, "its bytes were read a second time"
    os.utime(root / "one.csv", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert read(root, tmp_path).sha256 != before.sha256


def test_hashing_is_only_told_where_something_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_tree, "CHUNK", 1)
    root, told = a_tree(tmp_path), list[str]()
    (root / "big.csv").write_text("x" * 1000)
    read_tree(root, tmp_path / "cache/hashes", told.append)
    assert told
    told.clear()
    read_tree(root, tmp_path / "cache/hashes", told.append)
    assert told == []


def test_links_are_followed_but_not_back(tmp_path: Path) -> None:
    root = a_tree(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/three.csv").write_text("3")
    (root / "linked").symlink_to(tmp_path / "other")
    (root / "b/back").symlink_to(root)
    os.mkfifo(root / "pipe")
    assert [f.name for f in read(root, tmp_path).files] == ["b/two.csv", "linked/three.csv", "one.csv"]


def test_one_file_is_a_tree_that_knows_its_name(tmp_path: Path) -> None:
    found = read(a_tree(tmp_path) / "one.csv", tmp_path)
    assert (found.only, [f.name for f in found.files]) == ("one.csv", ["one.csv"])


def test_what_goes_away_meanwhile_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read(tmp_path / "nothing", tmp_path)


def test_a_broken_cache_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/hashes").write_bytes(b"not a database" * 100)
    with pytest.raises(TfinfraError) as raised:
        read(a_tree(tmp_path), tmp_path)
    assert raised.value.hint == f"remove {tmp_path / 'cache/hashes'}"


def test_two_runs_may_hash_at_once(tmp_path: Path) -> None:
    root = a_tree(tmp_path)
    for number in range(200):
        (root / f"{number}.csv").write_text(str(number))
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: read(root, tmp_path).sha256, range(4)))
    assert len(found) == 1
