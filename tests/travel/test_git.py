"""What travels is what git itself would take: asked of git, on trees and patterns at random."""

# ruff: noqa: PTH112, PTH114
from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tfinfra.travel.git_index import tracked_names
from tfinfra.travel.walk import survey

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle, and is not on this machine")

_FOLDERS = ("a", "b", "data", "lib", "foo", "x y", "[q]")
_FILES = (
    "a",
    "b",
    "foo",
    "bar",
    "foo.txt",
    "a.log",
    "b.log",
    "Bar",
    "a b",
    "é.csv",
    "x]",
    "!not",
    "#hash",
    "tail ",
    "a-b",
    "\\back",
)
_PARTS = (
    *(
        "a",
        "b",
        "foo",
        "bar",
        "data",
        "lib",
        "*",
        "**",
        "?",
        "*.log",
        "*.txt",
        "f*",
        "*o*",
        "[ab]",
        "[!a]",
        "[a-f]*",
        "[z-a]",
    ),
    *(
        "[[:alpha:]]",
        "[[:nope:]]",
        "[",
        "[]",
        "[]a]",
        "a\\",
        "\\*",
        "\\!not",
        "!not",
        "\\#hash",
        "#hash",
        "é*",
        "???csv",
    ),
    *(
        "x y",
        "x\\ y",
        "*]",
        "[\\]]x",
        "a*b",
        "*a*",
        "**a",
        "a**",
        "***",
        "[^b]",
        "[a\\-z]",
        "[a-]",
        "Bar",
        "BAR",
        "tail\\ ",
        "\\\\back",
    ),
)


def git(folder: Path, *words: str) -> bytes:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "protocol.file.allow=always")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, env=environment, check=True, capture_output=True
    ).stdout


def travelling_by_git(folder: Path) -> set[str]:
    listed = git(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = (os.fsdecode(name) for name in listed.split(b"\0") if name)
    return {
        name
        for name in names
        if os.path.lexists(folder / name) and (os.path.islink(folder / name) or not os.path.isdir(folder / name))
    }


def travelling(folder: Path) -> set[str]:
    return {file.name for file in survey(folder).files}


def pattern(chance: random.Random) -> str:
    text = "/".join(chance.choice(_PARTS) for _ in range(chance.choice((1, 1, 1, 2, 2, 3))))
    text = chance.choice(("", "", "", "/", "**/", "!", "!/", "!")) + text
    return text + chance.choice(("", "", "", "/", "/*", "/**", " ", "  ", "\t", "\r", "//", "/**/b", "\0x", "**"))


def some_lines(chance: random.Random) -> bytes:
    lines = [pattern(chance) for _ in range(chance.randint(1, 6))]
    mark = chance.choice((b"", b"", b"", b"\xef\xbb\xbf"))
    return mark + os.fsencode("\n".join(lines)) + chance.choice((b"", b"\n", b"\r\n"))


def fill(folder: Path, chance: random.Random, depth: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    for name in chance.sample(_FILES, chance.randint(1, 6)):
        (folder / name).write_bytes(b"")
    if chance.random() < (0.9 if depth == 0 else 0.35):
        (folder / ".gitignore").write_bytes(some_lines(chance))
    if chance.random() < 0.15:
        (folder / "link").symlink_to(".")
    for name in chance.sample(_FOLDERS, chance.randint(0, 3) if depth < 3 else 0):
        if not os.path.lexists(folder / name):
            fill(folder / name, chance, depth + 1)


@pytest.mark.parametrize("seed", range(int(os.environ.get("TFINFRA_TEST_TREES", "40"))))
def test_a_random_tree_travels_as_git_has_it(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    root = tmp_path / "root"
    fill(root, chance)
    git(tmp_path, "init", "-q", "root")
    if chance.random() < 0.5:
        (root / ".git/info").mkdir(exist_ok=True)
        (root / ".git/info/exclude").write_bytes(some_lines(chance))
    files = [p for p in root.rglob("*") if p.is_file() and ".git" not in p.relative_to(root).parts[:1]]
    if chance.random() < 0.5:
        git(root, "config", "index.version", chance.choice("234"))
        for file in chance.sample(files, min(3, len(files))):
            git(root, "add", "-f", "--", f":(literal){file.relative_to(root)}")
    assert travelling(root) == travelling_by_git(root)
    for inner in (p for p in root.iterdir() if p.is_dir() and not p.is_symlink() and p.name != ".git"):
        asked = ["git", "check-ignore", "-q", "--no-index", "--", f"./{inner.name}"]
        if subprocess.run(asked, cwd=root, check=False).returncode == 1:  # one that is ignored may be meant itself
            assert travelling(inner) == travelling_by_git(inner), inner.name


def commit_all(repository: Path) -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "--allow-empty", "-m", "x")


def test_a_worktree_has_the_rules_of_its_repository(tmp_path: Path) -> None:
    main, tree = tmp_path / "main", tmp_path / "tree"
    git(tmp_path, "init", "-q", "main")
    (main / "train.py").write_text("print()\n")
    commit_all(main)
    git(main, "worktree", "add", "-q", str(tree))
    (main / ".git/info/exclude").write_text("*.csv\n!b.csv\n")
    for name in ("a.csv", "b.csv", "kept.csv"):
        (tree / name).write_text("")
    git(tree, "add", "-f", "kept.csv")
    assert travelling(tree) == travelling_by_git(tree) == {"train.py", "b.csv", "kept.csv"}


def test_a_submodule_goes_by_its_own_rules(tmp_path: Path) -> None:
    for name in ("lib", "main"):
        git(tmp_path, "init", "-q", name)
    (tmp_path / "lib/lib.py").write_text("")
    commit_all(tmp_path / "lib")
    main, module = tmp_path / "main", tmp_path / "main/vendor/lib"
    git(main, "submodule", "add", "-q", str(tmp_path / "lib"), "vendor/lib")
    (main / ".gitignore").write_text("vendor/\n*.bin\n")  # what is tracked is no matter of ignore files
    (module / ".gitignore").write_text("*.log\n")
    for name in ("a.bin", "a.log"):
        (module / name).write_text("")
    assert {f"vendor/lib/{name}" for name in travelling_by_git(module)} == {
        name for name in travelling(main) if name.startswith("vendor/")
    }
    assert travelling(module) == {".gitignore", "lib.py", "a.bin"}


def test_a_split_index_counts_with_the_one_that_it_shares(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "root")
    root = tmp_path / "root"
    (root / ".gitignore").write_text("*.csv\n")
    for name in ("a.csv", "b.csv", "c.csv"):
        (root / name).write_text("")
    git(root, "add", "-f", "a.csv")
    git(root, "update-index", "--split-index")
    git(root, "add", "-f", "b.csv")
    assert travelling(root) == travelling_by_git(root) == {".gitignore", "a.csv", "b.csv"}


def test_names_of_any_bytes_travel_as_git_has_them(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "root")
    root = tmp_path / "root"
    for name in (b"caf\xe9.csv", b"caf\xe9.py", "café.csv".encode(), b"new\nline.py", b"tab\t.csv"):
        (root / os.fsdecode(name)).write_text("")
    (root / ".gitignore").write_bytes(b"caf\xe9.*\n???\\\t.csv\n")
    assert travelling(root) == travelling_by_git(root)


def test_an_index_whose_names_grow_without_end_is_none(tmp_path: Path) -> None:
    count = 6000
    entry = bytes(60) + struct.pack(">H", 0) + b"\0a\0"  # all of the name before it, and one letter more
    (tmp_path / "index").write_bytes(struct.pack(">4sII", b"DIRC", 4, count) + entry * count + bytes(20))
    assert tracked_names(tmp_path) == frozenset()
