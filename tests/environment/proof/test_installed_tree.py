"""What a build records of itself, and what is said where a later look or another build differs."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.environment.proof.support import SITE, environment_in
from tfinfra.environment.proof.installed_tree import (
    LIST,
    RECORD,
    Proof,
    changes_since_build,
    compare,
    installed_tree,
    read_environment,
    store_tree,
    stored_tree,
)
from tfinfra.environment.proof.interpreter_build import interpreter_digest
from tfinfra.environment.whole_environment import MARKER
from tfinfra.model import InstalledTree

BUILT = InstalledTree("1" * 64, "2" * 64, "uv 1.0", "g++ 12.2.0")


def changed(environment: Path) -> list[tuple[str, str]]:
    return [(d.kind.value, d.path) for d in changes_since_build(environment, read_environment(environment))]


def test_what_was_recorded_is_what_is_read_again(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    assert installed_tree(environment) is None
    stored = store_tree(environment, "uv 1.0", "g++ 12.2.0", ("why",))
    (environment / MARKER).write_text("{}")
    assert stored_tree(environment) == stored == installed_tree(environment)
    assert changed(environment) == []


def test_a_later_change_is_named(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    store_tree(environment, "uv 1.0")
    bytecode = f"{SITE}/__pycache__/beta.cpython-311.pyc"
    (environment / bytecode).write_bytes(b"other")
    assert changed(environment) == [("changed", bytecode)]


def test_a_list_that_was_changed_with_the_file_is_found_by_the_record(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    store_tree(environment, "uv 1.0")
    (environment / SITE / "beta.py").write_text("y = 3\n")
    (environment / LIST).write_text(read_environment(environment).text)
    assert changed(environment) == [("changed", LIST)]
    (environment / LIST).write_text("nothing")
    assert changed(environment) == [("changed", LIST)]
    (environment / RECORD).write_text("{}")
    assert changed(environment) == [("missing", RECORD)]


COMPARISONS = {
    "the same bytes are verified": (BUILT, Proof.VERIFIED, "sha256:111"),
    "other bytes by the same tools are a fault": (
        dataclasses.replace(BUILT, digest="3" * 64),
        Proof.FAILED,
        "the lock says sha256:111",
    ),
    "another interpreter is named": (
        dataclasses.replace(BUILT, digest="3" * 64, interpreter="4" * 64),
        Proof.DECLARED,
        "another build: sha256:444444444444…",
    ),
    "the same bytes on another interpreter are not the same": (
        dataclasses.replace(BUILT, interpreter="4" * 64),
        Proof.DECLARED,
        "the interpreter is another build",
    ),
    "another compiler is named": (
        dataclasses.replace(BUILT, digest="3" * 64, compiler="g++ 13.1.0"),
        Proof.DECLARED,
        "compiled by g++ 13.1.0, not by g++ 12.2.0",
    ),
    "another installer is named": (
        dataclasses.replace(BUILT, digest="3" * 64, installer="uv 2.0"),
        Proof.DECLARED,
        "installed by uv 2.0, not by uv 1.0",
    ),
    "what a build says of itself is no reason": (
        dataclasses.replace(BUILT, digest="3" * 64, declared=("conda packages",)),
        Proof.FAILED,
        "the lock says sha256:111",
    ),
}


@pytest.mark.parametrize(("here", "proof", "text"), COMPARISONS.values(), ids=COMPARISONS.keys())
def test_two_builds_of_one_lock_are_compared(here: InstalledTree, proof: Proof, text: str) -> None:
    found, said = compare(BUILT, here)
    assert found is proof
    assert text in said


def test_what_the_lock_says_cannot_be_reproduced_is_declared_where_it_was_not() -> None:
    locked = dataclasses.replace(BUILT, declared=("conda packages",))
    assert compare(locked, dataclasses.replace(BUILT, digest="3" * 64)) == (Proof.DECLARED, "conda packages")
    assert compare(locked, BUILT)[0] is Proof.VERIFIED


def test_no_compiler_is_a_reason_where_the_lock_has_nothing_to_compile() -> None:
    locked = dataclasses.replace(BUILT, compiler="")
    assert compare(locked, dataclasses.replace(BUILT, digest="3" * 64))[0] is Proof.FAILED


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    """An environment whose interpreter is below it, as far as files go."""
    environment = tmp_path / "environment"
    standard = environment / "python/lib/python3.11"
    standard.mkdir(parents=True)
    (environment / "python/bin").mkdir()
    (environment / "python/bin/python3.11").write_bytes(b"program")
    (environment / "python/lib/libpython3.11.so.1.0").write_bytes(b"library")
    (standard / "os.py").write_text("x = 1\n")
    (environment / "bin").mkdir()
    (environment / "bin/python").symlink_to("../python/bin/python3.11")
    return environment


@pytest.mark.parametrize(
    "path",
    ["bin/python3.11", "lib/libpython3.11.so.1.0", "lib/python3.11/os.py", "lib/python3.11/sitecustomize.py"],
)
def test_another_byte_of_the_interpreter_is_another_build(interpreter: Path, path: str) -> None:
    before = interpreter_digest(interpreter)
    with (interpreter / "python" / path).open("ab") as file:
        file.write(b"\n")
    assert interpreter_digest(interpreter) != before


def test_where_it_is_and_what_it_has_compiled_or_installed_plays_no_part(interpreter: Path, tmp_path: Path) -> None:
    before = interpreter_digest(interpreter)
    shutil.copytree(interpreter, tmp_path / "copy", symlinks=True)
    for folder in ("__pycache__", "site-packages", "test"):
        (tmp_path / "copy/python/lib/python3.11" / folder).mkdir()
        (tmp_path / "copy/python/lib/python3.11" / folder / "more.py").touch()
    assert interpreter_digest(tmp_path / "copy") == before


def test_what_is_behind_a_link_of_the_standard_library_counts(interpreter: Path, tmp_path: Path) -> None:
    start = tmp_path / "sitecustomize.py"
    start.write_text("x = 1\n")
    (interpreter / "python/lib/python3.11/sitecustomize.py").symlink_to(start)
    before = interpreter_digest(interpreter)
    start.write_text("x = 2\n")
    assert interpreter_digest(interpreter) != before


def test_an_environment_without_an_interpreter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        interpreter_digest(tmp_path)
