"""Chains of folders that no path and no recursion reaches the end of, and what else a script leaves behind."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tfinfra.lifecycle.up.launch import what_came
from tfinfra.localcloud.common.state import empty_trash
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.machines.supervised_machines import remove_disks
from tfinfra.system.strange_trees import names_below, remove_tree, walk

DEPTH = 3000


def chain(folder: Path, depth: int = DEPTH) -> None:
    """Makes so many folders in one another below `folder`, with a file in the last of them."""
    folder.mkdir(parents=True, exist_ok=True)
    at = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Path]:
    """A folder that pytest could not remove."""
    folder = tmp_path / "there"
    folder.mkdir()
    yield folder
    if folder.exists():
        remove_tree(folder)


def clutter(folder: Path) -> None:
    """All that a script may leave, but devices."""
    chain(folder / "deep")
    for name in ("a", "b/c/d", "closed/inner"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text("x")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)
        listening.bind("socket")
        os.chdir(here)
    (folder / "loop").symlink_to(folder)
    (folder / "out").symlink_to("/etc")
    (folder / "new\nline").touch()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).touch()
    (folder / "closed" / "inner").chmod(0)
    (folder / "closed").chmod(0)


REMOVERS: dict[str, Callable[[Path], object]] = {
    "a tree": lambda folder: remove_tree(folder / "m" / "upper"),
    "the disks of a machine": lambda folder: remove_disks(folder / "m"),
}


@pytest.mark.parametrize("case", REMOVERS)
def test_whatever_a_script_left_is_removed_and_nothing_else(case: str, there: Path) -> None:
    (there / "outside").mkdir()
    (there / "outside" / "file").write_text("the host's")
    clutter(there / "m" / "upper")
    (there / "m" / "upper" / "away").symlink_to(there / "outside")
    REMOVERS[case](there)
    assert [p.name for p in (there / "m").iterdir()] == []
    assert (there / "outside" / "file").read_text() == "the host's"


def test_a_group_that_was_discarded_frees_its_space_whatever_is_in_it(there: Path) -> None:
    layout = Layout(there)
    clutter(layout.trash / "a group")
    assert list(empty_trash(layout)) == []
    assert list(layout.trash.iterdir()) == []


def test_what_is_no_folder_is_not_removed(there: Path) -> None:
    (there / "link").symlink_to(there)
    for name, error in (("link", NotADirectoryError), ("nothing", FileNotFoundError)):
        with pytest.raises(error):
            remove_tree(there / name)


def test_names_are_told_folder_by_folder_and_what_lies_too_deep_is_said(there: Path) -> None:
    chain(there / "deep")
    for name in ("b", "a/c", "skipped/d"):
        (there / name).parent.mkdir(exist_ok=True)
        (there / name).touch()
    (there / "a" / "link").symlink_to(there)
    told: list[str] = []
    opened = os.open(there, os.O_RDONLY)
    found = list(walk(opened, lambda name: name != "skipped", lambda _, error: told.append(str(error.strerror))))
    os.close(opened)
    assert found == [("b", True), ("a/c", True), ("a/link", False)]
    assert told == ["it lies deeper than a path can be"]
    assert list(names_below(there / "nothing")) == []


def test_results_are_told_however_deep_they_lie(there: Path) -> None:
    chain(there / "outputs", 200)
    assert what_came(there) == "outputs"
