"""What a node or a store names lands below one folder or nowhere: never through a link, never as one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tfinfra.store.landing import INCOMING, Landing, Unplaceable, clashes, components, shown

REFUSED = {
    "a name that leads out": "a/../../b",
    "a name that is above": "..",
    "a path of the root": "/etc/passwd",
    "an empty name": "",
    "an empty part": "a//b",
    "a part that is its own folder": "./a",
    "a folder": "a/",
    "a NUL": "a\0b",
    "a name that is longer than any": "x" * 300,
    "a path that is longer than any": "/".join(["y" * 200] * 30),
    "the folder of what is on its way": f"{INCOMING}/a",
}
LANDS = ("a", "a b/ç", "...", "a.", "..a", "a\\b", "back\\..\\slash", "new\nline", "%2e%2e", os.fsdecode(b"\xff.bin"))


def fill(path: Path) -> None:
    path.write_bytes(b"bytes")


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_name_that_is_no_path_below_a_folder_lands_nowhere(sentence: str, tmp_path: Path) -> None:
    with Landing(tmp_path / "in") as landing, pytest.raises(Unplaceable):
        landing.land(REFUSED[sentence], fill)
    assert [p for p in tmp_path.rglob("*") if p.is_file() and p.read_bytes() == b"bytes"] == []


@pytest.mark.parametrize("name", LANDS)
def test_a_name_that_is_only_unusual_lands_as_it_is(name: str, tmp_path: Path) -> None:
    with Landing(tmp_path / "in") as landing:
        landing.land(name, fill)
        landing.land(name, fill)
    assert [str(p.relative_to(tmp_path / "in")) for p in (tmp_path / "in").rglob("*") if p.is_file()] == [name]


def test_no_part_of_a_name_is_followed_as_a_link(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/way").symlink_to(tmp_path / "host")
    with Landing(tmp_path / "in") as landing, pytest.raises(Unplaceable, match="'way' is a link"):
        landing.land("way/keys", fill)
    assert [*(tmp_path / "host").iterdir()] == []


def test_a_link_of_the_files_own_name_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "host").write_text("the host's")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/model").symlink_to(tmp_path / "host")
    with Landing(tmp_path / "in") as landing:
        landing.land("model", fill)
    assert (tmp_path / "host").read_text() == "the host's"
    assert not (tmp_path / "in/model").is_symlink()


def test_a_folder_that_somebody_made_a_link_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "in").symlink_to(tmp_path / "host")
    with pytest.raises(Unplaceable, match=f"{tmp_path}/in is a link"), Landing(tmp_path / "in"):
        pass


def test_parents_of_the_folder_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    with Landing(tmp_path / "runs/digits") as landing:
        landing.land("a", fill)
    assert (tmp_path / "disk/digits/a").exists()


def test_a_file_of_an_earlier_landing_makes_way_for_a_folder(tmp_path: Path) -> None:
    for name in ("a", "a/b"):
        with Landing(tmp_path / "in") as landing:
            landing.land(name, fill)
    assert (tmp_path / "in/a/b").is_file()


def test_a_folder_does_not_make_way_for_a_file(tmp_path: Path) -> None:
    with Landing(tmp_path / "in") as landing:
        landing.land("a/b", fill)
        with pytest.raises(Unplaceable, match="a folder of that name is there"):
            landing.land("a", fill)
    assert (tmp_path / "in/a/b").is_file()


def test_what_was_broken_off_goes_on_in_the_next_landing(tmp_path: Path) -> None:
    def broken(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("no route")

    with pytest.raises(OSError, match="no route"), Landing(tmp_path / "in") as landing:
        landing.land("a", broken)
    seen: list[bytes] = []
    with Landing(tmp_path / "in") as landing:
        landing.land("a", lambda path: seen.append(path.read_bytes()))
    assert seen == [b"half"]
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["a"]


def test_a_thread_that_is_late_writes_into_no_file_of_others(tmp_path: Path) -> None:
    left, wrote = threading.Event(), threading.Event()

    def late(path: Path) -> None:
        left.wait(5)
        path.write_bytes(b"late")
        wrote.set()

    with pytest.raises(RuntimeError), Landing(tmp_path / "in") as landing:
        thread = threading.Thread(target=landing.land, args=("a", late))
        thread.start()
        raise RuntimeError
    opened = [os.open(tmp_path, os.O_RDONLY) for _ in range(4)]  # which take the numbers that are free
    left.set()
    thread.join()
    for each in opened:
        os.close(each)
    assert wrote.is_set()
    assert (tmp_path / "in/a").read_bytes() == b"late"
    with pytest.raises(OSError, match="nothing lands here"):
        landing.land("b", fill)


def test_two_who_land_in_one_folder_wait_for_each_other(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(path: Path) -> None:
        path.write_bytes(b"first")
        begun.set()
        go.wait(5)

    def first() -> None:
        with Landing(tmp_path / "in") as landing:
            landing.land("a", slow)

    def second() -> None:
        with Landing(tmp_path / "in") as landing:
            landing.land("a", lambda path: _write(path, b"second"))

    threads = [threading.Thread(target=first)]
    threads[0].start()
    begun.wait(5)
    threads.append(threading.Thread(target=second))
    threads[1].start()
    go.set()
    for thread in threads:
        thread.join(5)
    assert (tmp_path / "in/a").read_bytes() == b"second"
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["a"]


CLASHES = {
    "a file and a folder": (("a", "a/b", "c"), False, {"a"}),
    "a file and a folder further down": (("x/a", "x/a/b/c"), False, {"x/a"}),
    "letters that differ in case, where that makes a difference": (("A", "a"), False, set()),
    "letters that differ in case, where it makes none": (("A", "a", "b"), True, {"a"}),
    "one name in two spellings of Unicode": (("é", "e\u0301"), True, {"é"}),
    "a folder that differs in case from a file": (("Model", "model/a"), True, {"Model"}),
}


@pytest.mark.parametrize("sentence", CLASHES)
def test_names_that_cannot_lie_beside_each_other(sentence: str) -> None:
    names, folds, expected = CLASHES[sentence]
    assert set(clashes(names, folds=folds)) == expected


def test_of_two_names_that_are_one_both_are_named() -> None:
    assert clashes(["A", "a"], folds=True) == {"a": "on this file system 'A' is the same name"}


def test_a_name_is_shown_without_what_a_terminal_obeys() -> None:
    assert shown("a\x1b[2J\n" + os.fsdecode(b"\xff")) == "a\\x1b[2J\\n\\udcff"
    assert components("a/b") == ("a", "b")


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
