"""What of a local input cannot be copied: each case by a sentence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compiler.manifests import checked
from tfinfra.errors import Severity, TfinfraError

INPUT = "inputs: {d: {path: in}}\n"


def dangling(folder: Path) -> None:
    (folder / "a.bin").symlink_to("../cache/0f")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "p")


def plug(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(folder / "s"))


def circle(folder: Path) -> None:
    (folder / "again").symlink_to(".")
    (folder / "self").symlink_to("self")


def nothing(folder: Path) -> None:
    (folder / "empty/deeper").mkdir(parents=True)


def link(folder: Path) -> None:
    (folder.parent / "elsewhere").write_text("x")
    (folder / "l").symlink_to("../elsewhere")


LEFT: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link to nothing": (dangling, "without 1 of what is in it: 'a.bin' is a link to '../cache/0f', not there"),
    "a pipe": (pipe, "'p' is a pipe"),
    "a socket": (plug, "'s' is a socket"),
    "links back": (circle, "'again' is a link to a folder that it is in, 'self' is a link back to itself"),
    "an empty folder": (nothing, ""),
    "a link to a file elsewhere": (link, ""),
}


@pytest.mark.parametrize(("make", "said"), LEFT.values(), ids=LEFT.keys())
def test_what_the_nodes_will_not_have_is_a_warning(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x").write_text("x")
    make(tmp_path / "in")
    (tmp_path / ".tfinfraignore").write_text("in\n")
    told = checked(tmp_path, INPUT).diagnostics
    assert [(one.code, one.severity) for one in told] == [("TFI730", Severity.WARNING)] * bool(said)
    assert all(said in one.message and one.position and one.position.line == 2 for one in told)


@pytest.mark.parametrize(
    ("make", "said"), [(dangling, "holds no file that could be copied; 'a.bin' is a link"), (nothing, "holds no file")]
)
def test_an_input_of_which_nothing_can_be_copied_is_refused(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / ".tfinfraignore").write_text("in\n")
    make(tmp_path / "in")
    with pytest.raises(TfinfraError, match=said) as caught:
        checked(tmp_path, INPUT)
    assert [one.code for one in caught.value.diagnostics] == ["TFI724"]
