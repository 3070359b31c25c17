"""A tree's digest: the same for the same files, wherever they are and whoever owns them, and for nothing else."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.environment.proof.support import environment_in
from tfinfra.environment.proof.deviation import Kind
from tfinfra.environment.proof.tree import Entry, Tree, deviations, parse_tree, read_tree

_DIGESTS = st.binary(max_size=3).map(lambda content: hashlib.sha256(content).hexdigest())
_NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
_ENTRIES = st.builds(Entry, st.sampled_from(["100644", "100755", "120000", "000000"]), _DIGESTS)
TREES = st.builds(Tree, st.dictionaries(_NAMES, _ENTRIES, max_size=6))


def test_its_text_is_what_other_tools_say(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/program").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "b/program").chmod(0o750)
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "link").symlink_to("b/program")
    summed = subprocess.run(["sha256sum", "a", "b/program"], cwd=tmp_path, capture_output=True, text=True, check=True)
    a, program = (line.split()[0] for line in summed.stdout.splitlines())
    target = hashlib.sha256(b"b/program").hexdigest()
    tree = read_tree(tmp_path)
    assert tree.text == f"100644 {a} a\n100755 {program} b/program\n120000 {target} link\n"
    assert tree.digest == hashlib.sha256(tree.text.encode()).hexdigest()


def test_a_copy_of_another_mode_owner_and_time_has_the_same_digest(tmp_path: Path) -> None:
    first = environment_in(tmp_path)
    second = tmp_path / "elsewhere/copy"
    shutil.copytree(first, second, symlinks=True)
    for path in (path for path in second.rglob("*") if not path.is_symlink()):
        path.chmod(0o700 if path.is_dir() or path.stat().st_mode & 0o100 else 0o600)
        os.utime(path, (1, 1))
    assert read_tree(first).digest == read_tree(second).digest


def test_a_name_that_is_no_text_and_a_pipe_are_listed(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).touch()
    os.mkfifo(tmp_path / "pipe")
    tree = read_tree(tmp_path)
    assert tree.entries["pipe"] == Entry("000000", "0" * 64)
    assert parse_tree(tree.text) == tree


def test_a_file_that_cannot_be_read_is_said() -> None:
    entries = {"secret": Entry("100644", "0" * 64)}
    (found,) = deviations(Tree(entries), Tree({}, (("secret", "Permission denied"),)))
    assert (found.kind, found.text) == (Kind.UNVERIFIABLE, "cannot be read: Permission denied")


@given(TREES)
def test_its_text_says_all_of_it(tree: Tree) -> None:
    assert parse_tree(tree.text) == tree


@given(TREES, TREES)
def test_two_trees_have_one_digest_only_where_they_do_not_differ(one: Tree, other: Tree) -> None:
    assert (one.digest == other.digest) == (deviations(one, other) == ()) == (one == other)


@pytest.mark.parametrize("text", ["x", "100644 00 a\n", f"100644 {'0' * 64} b\n100644 {'0' * 64} a\n", "\n"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no list"):
        parse_tree(text)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_one_file_that_is_changed_added_or_removed_is_found(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory(prefix="tfinfra-tree-") as folder:
        environment = environment_in(Path(folder))
        before = read_tree(environment)
        path = data.draw(st.sampled_from(sorted(before.entries)))
        expected = _tampered(environment / path, data)
        found = deviations(before, read_tree(environment))
        assert [d.kind for d in found] == [expected]
        assert found[0].path.startswith(path)


def _tampered(path: Path, data: st.DataObject) -> Kind:
    """Does one thing to the file, or beside it; what is to be said of it."""
    acts = ["remove", "add", "link"] + ([] if path.is_symlink() else ["byte", "mode", "append"])
    act = data.draw(st.sampled_from(acts))
    if act == "add":
        path.with_name(path.name + data.draw(st.sampled_from([".pth", "x", ".pyc"]))).touch()
        return Kind.FOREIGN
    if act == "mode":
        path.chmod(path.stat().st_mode ^ 0o100)
        return Kind.CHANGED
    if act in ("byte", "append"):
        content = bytearray(path.read_bytes()) or bytearray(b"\0")
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(bytes(content) if act == "byte" else path.read_bytes() + b"\n")
        return Kind.CHANGED
    path.unlink()
    if act == "link":
        path.symlink_to("/etc/hostname")
    return Kind.CHANGED if act == "link" else Kind.MISSING
