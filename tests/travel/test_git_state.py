"""Whether what travels is as its commit has it: by the bytes that lie there, and no program of a repository runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tfinfra.travel.git_state import changed_since, git_state
from tfinfra.travel.survey import SourceFile, Survey

NAMES = ("a file.txt", "inner/é%.py", "link", "run.sh")


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def travelling(root: Path) -> Survey:
    def one(path: Path) -> SourceFile:
        link = str(path.readlink()) if path.is_symlink() else None
        executable = link is None and bool(path.stat().st_mode & 0o100)
        return SourceFile(path.relative_to(root).as_posix(), path.lstat().st_size, executable, link)

    return Survey(tuple(one(root / name) for name in NAMES))


def commit(root: Path, form: str = "sha1") -> None:
    (root / "inner").mkdir(parents=True)
    for name in NAMES:
        (root / name).write_bytes(name.encode() + b"\n") if name != "link" else (root / name).symlink_to("run.sh")
    (root / "run.sh").chmod(0o755)
    git(root.parent, "init", "-q", f"--object-format={form}")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "all")


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_what_is_as_committed_is_clean_below_the_repositorys_root_too(form: str, tmp_path: Path) -> None:
    root = tmp_path / "source"
    commit(root, form)
    state = git_state(root, travelling(root))
    assert state is not None
    assert (state.commit, state.dirty) == (git(root, "rev-parse", "HEAD"), False)


def test_each_file_that_is_not_as_committed_is_named(tmp_path: Path) -> None:
    root = tmp_path / "source"
    commit(root)
    (root / "inner/é%.py").write_text("other\n")
    (root / "run.sh").chmod(0o644)
    (root / "link").unlink()
    (root / "link").symlink_to("a file.txt")
    git(root, "rm", "-q", "--cached", "a file.txt")
    git(root, "commit", "-qm", "less")
    changed = changed_since(root, git(root, "rev-parse", "HEAD"), travelling(root))
    assert changed == frozenset({"inner/é%.py", "run.sh", "link", "a file.txt"})


def test_a_file_that_the_index_calls_unchanged_is_read(tmp_path: Path) -> None:
    root = tmp_path / "source"
    commit(root)
    git(root, "update-index", "--assume-unchanged", "a file.txt")
    (root / "a file.txt").write_text("changed\n")
    state = git_state(root, travelling(root))
    assert state is not None
    assert state.dirty


def test_no_filter_of_the_repository_runs(tmp_path: Path) -> None:
    root, ran = tmp_path / "source", tmp_path / "ran"
    commit(root)
    git(root, "config", "filter.own.clean", f"touch '{ran}'; cat")
    (root / ".gitattributes").write_text("* filter=own\n")
    (root / "a file.txt").write_text("changed\n")
    assert changed_since(root, git(root, "rev-parse", "HEAD"), travelling(root)) == frozenset({"a file.txt"})
    assert not ran.exists()


def test_a_commit_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    root = tmp_path / "source"
    commit(root)
    assert changed_since(root, "0" * 40, travelling(root)) is None
