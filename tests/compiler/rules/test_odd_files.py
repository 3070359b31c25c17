"""Pipes, sockets, pointers of Git LFS and empty folders in the place of a run's files: each by a sentence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of
from tfinfra.errors import Severity

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 132735\n"
ONLY_FILES = "only files are copied to the nodes"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def plug(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


ODD: dict[str, tuple[str, Callable[[Path], None], str, str, str]] = {
    "a pipe as script": ("odd.py", pipe, "entry_script: odd.py\n", "TFI307", "it is a pipe, no regular file"),
    "a socket as script": ("odd.py", plug, "entry_script: odd.py\n", "TFI307", "it is a socket, no regular file"),
    "a pipe as setup script": ("odd", pipe, "setup_script: odd\n", "TFI706", "it is a pipe, no regular file"),
    "a pipe as input": ("odd", pipe, "inputs: {d: {path: odd}}\n", "TFI724", "it is a pipe, neither a file nor"),
    "a pipe that is imported": ("odd.py", pipe, "entry_script: imports.py\n", "TFI510", "nor the environment has odd"),
    "a pipe that is read": (
        "odd",
        pipe,
        "entry_script: reads.py\n",
        "TFI338",
        "'odd' is missing on the nodes: it is a",
    ),
    "a pipe that a parameter names": ("odd", pipe, "script_params: {--data: odd}\n", "TFI338", "it is a pipe"),
}


@pytest.mark.parametrize("sentence", ODD)
def test_what_is_no_file_is_called_that(tmp_path: Path, sentence: str) -> None:
    name, make, manifest, code, said = ODD[sentence]
    make(tmp_path / name)
    files = {
        "train.py": "print()\n",
        "imports.py": "import odd\nodd.run()\n",
        "reads.py": "print(open('odd').read())\n",
    }
    (found,) = said_of(tmp_path, files, manifest)
    assert (found.code, found.is_error) == (code, True)
    assert said in found.message
    assert found.hint is not None
    assert ONLY_FILES in found.hint


def test_pointers_of_git_lfs_are_told(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "train.py": "print()\n",
        "weights.h5": POINTER,
        "data/a.bin": POINTER,
        "data/b.bin": b"x" * len(POINTER),
    }
    found = said_of(tmp_path, files, "inputs: {d: {path: data}}\n")
    assert [(d.code, d.severity) for d in found] == [("TFI342", Severity.WARNING), ("TFI741", Severity.WARNING)]
    assert found[0].message.startswith("'data/a.bin', 'weights.h5' are pointers of Git LFS")
    assert found[1].message == "the input 'd' holds pointers of Git LFS in the place of data: 'a.bin'"


def test_an_empty_folder_in_the_place_of_a_package_may_be_a_submodule(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (found,) = said_of(tmp_path, {"train.py": "from models.official import resnet\nprint(resnet)\n"})
    assert (found.code, found.is_error) == ("TFI510", True)
    assert found.hint == "models/ is empty: a submodule of git's? `git submodule update --init` fetches it"


def test_a_folder_that_nobody_may_look_into_hides_no_fault_of_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    listed = Path.iterdir

    def guarded(path: Path) -> Iterator[Path]:
        if path.name == "models":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", guarded)
    (found,) = said_of(tmp_path, {"train.py": "from models.official import resnet\nprint(resnet)\n"})
    assert (found.code, found.is_error) == ("TFI510", True)


FOREIGN = {
    "run.bat": "nodes run Linux",
    "code.zip": "unpack it into source_directory",
    "run.sh": "setup_script",
    "train.ipynb": "jupyter nbconvert --to script",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_no_script_of_pythons_has_a_way_out(tmp_path: Path, name: str) -> None:
    beside = f"{name.partition('.')[0]}.py"  # a module of that name is not what was meant
    (found,) = said_of(tmp_path, {name: "x", beside: ""}, f"entry_script: {name}\n")
    assert (found.code, found.hint is not None and FOREIGN[name] in found.hint) == ("TFI307", True)
