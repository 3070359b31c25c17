"""Which files of the source directory travel."""

from __future__ import annotations

import os
import random
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pathspec import GitIgnoreSpec

from tfinfra.bundle.ignored import straight
from tfinfra.bundle.source_directory import source_files, spell_secrets, survey
from tfinfra.errors import ManifestError
from tfinfra.system.local_tree import read_tree
from tfinfra.system.strange_trees import remove_tree


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


def travelling(root: Path) -> list[str]:
    return [file.name for file in source_files(root)]


def test_everything_travels_but_what_is_never_code(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "train.py",
        "lib/util.py",
        ".git/config",
        "lib/__pycache__/util.pyc",
        ".venv/pyvenv.cfg",
        ".venv/bin/x",
    )
    assert travelling(tmp_path) == ["lib/util.py", "train.py"]


def test_tfinfras_own_folders_stay_but_not_a_users_package_of_that_name(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "deploy/x/plan.json", "runs/x/run.json", "lib/runs/a.py")
    assert travelling(tmp_path) == ["lib/runs/a.py", "train.py"]


IGNORED = {
    "a pattern at any depth": ("*.csv\n", ["keep.py"]),
    "a folder": ("data/\n", ["keep.py", "top.csv"]),
    "an exception": ("*.csv\n!top.csv\n", ["keep.py", "top.csv"]),
    "a comment and a blank line": ("# data\n\n/data\n", ["keep.py", "top.csv"]),
}


@pytest.mark.parametrize(("patterns", "kept"), IGNORED.values(), ids=IGNORED.keys())
def test_the_ignore_file_is_read_as_git_reads_it(tmp_path: Path, patterns: str, kept: list[str]) -> None:
    tree(tmp_path, "keep.py", "top.csv", "data/a.csv", "data/b.csv")
    (tmp_path / ".gitignore").write_text(patterns)
    assert travelling(tmp_path) == [".gitignore", *kept]


def test_tfinfraignore_adds_to_gitignore_and_takes_back(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "data.csv", "small.csv", "a.log")
    (tmp_path / ".gitignore").write_text("*.csv\n")
    (tmp_path / ".tfinfraignore").write_text("*.log\n!small.csv\n")
    assert travelling(tmp_path) == [".gitignore", ".tfinfraignore", "small.csv", "train.py"]


def test_a_folders_own_ignore_file_holds_below_it_and_before_those_above(tmp_path: Path) -> None:
    tree(tmp_path, "a.log", "lib/a.log", "lib/keep.log", "lib/deep/b.log", "other/x.tmp")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "lib/.gitignore").write_text("!keep.log\n/deep/\n*.tmp\n")
    assert travelling(tmp_path) == [".gitignore", "lib/.gitignore", "lib/keep.log", "other/x.tmp"]


SECRETS = ("id_rsa", ".env", "conf/prod.ENV", "cert.pem", ".azure/token", ".netrc", "lib/.env.local", "key.PEM")


def test_what_looks_like_a_secret_stays_here_and_is_named(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", ".env.example", "id_rsa.pub", "environment.yml", *SECRETS)
    found = survey(tmp_path)
    assert [file.name for file in found.files] == [".env.example", "environment.yml", "id_rsa.pub", "train.py"]
    assert found.secrets == tuple(sorted({*SECRETS, ".azure/"} - {".azure/token"}))
    assert "!.azure" in spell_secrets(found.secrets)


TAKEN_BACK = {
    "by its name": ("!.env\n", [".env"]),
    "by a pattern that names something": ("!.env*\n", [".env"]),
    "a folder": ("!.azure/\n", [".azure/token"]),
    "not by everything": ("!*\n!**\n", []),
    "not by a folder's everything": ("*\n!train.py\n!lib/**\n", []),
}


@pytest.mark.parametrize(("patterns", "shipped"), TAKEN_BACK.values(), ids=TAKEN_BACK.keys())
def test_a_secret_travels_only_where_tfinfraignore_names_it(tmp_path: Path, patterns: str, shipped: list[str]) -> None:
    tree(tmp_path, "train.py", ".env", "lib/id_rsa", ".azure/token")
    (tmp_path / ".gitignore").write_text("!.env\n!id_rsa\n")
    (tmp_path / ".tfinfraignore").write_text(patterns)
    assert set(travelling(tmp_path)) - {".gitignore", ".tfinfraignore", "train.py"} == set(shipped)


@pytest.mark.parametrize("name", [".gitignore", ".tfinfraignore"])
def test_an_ignore_file_that_is_a_link_or_unreadable_says_nothing(tmp_path: Path, name: str) -> None:
    source = tree(tmp_path / "source", "train.py", "data.csv")
    (tmp_path / "elsewhere").write_text("*\n")
    (source / "copy").write_text("*.csv\n")
    (source / name).symlink_to("copy")
    assert "data.csv" in travelling(source)
    (source / name).unlink()
    (source / name).write_text("!\n*.csv\n")  # the first is no pattern to git either
    assert "data.csv" not in travelling(source)


def test_a_link_inside_keeps_its_meaning(tmp_path: Path) -> None:
    tree(tmp_path, "data/a.csv")
    (tmp_path / "data/again.csv").symlink_to("a.csv")
    (tmp_path / "absolute.csv").symlink_to(tmp_path / "data/a.csv")
    (tmp_path / "folder").symlink_to("data")
    links = {file.name: file.link for file in source_files(tmp_path)}
    assert links == {"absolute.csv": "data/a.csv", "data/a.csv": None, "data/again.csv": "a.csv", "folder": "data"}


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "inside-out"])
def test_a_link_that_leaves_the_folder_is_refused_by_name(tmp_path: Path, target: str) -> None:
    source = tree(tmp_path / "source", "train.py")
    (source / "inside-out").symlink_to("..")
    (source / "link").symlink_to(target)
    with pytest.raises(
        ManifestError, match=r"'(link|inside-out)' is a link to .* outside of source_directory"
    ) as caught:
        source_files(source)
    assert ".tfinfraignore" in str(caught.value.hint)


def test_a_link_that_leads_back_to_itself_is_refused_by_name(tmp_path: Path) -> None:
    tree(tmp_path, "train.py")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ManifestError, match="'loop' is a link that leads back to itself"):
        source_files(tmp_path)


def test_what_is_ignored_may_be_anything(tmp_path: Path) -> None:
    tree(tmp_path, "train.py")
    (tmp_path / "data").symlink_to("/")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".tfinfraignore").write_text("data\npipe\n")
    assert travelling(tmp_path) == [".tfinfraignore", "train.py"]


def test_a_pipe_stays_behind(tmp_path: Path) -> None:
    tree(tmp_path, "train.py")
    os.mkfifo(tmp_path / "pipe")
    assert travelling(tmp_path) == ["train.py"]


def test_folders_in_folders_without_end_are_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    nested(project, 254)
    assert source_files(project) == ()
    nested(project, 1200)
    with pytest.raises(ManifestError, match=r"'a/…' holds folders in folders, more than 254 deep"):
        source_files(project)
    with pytest.raises(ManifestError, match=r"'a/…' holds folders in folders, more than 254 deep"):
        read_tree(project, tmp_path / "hashes", lambda _: None)
    remove_tree(project)  # pytest itself cannot


def nested(folder: Path, depth: int) -> None:
    folder.mkdir(exist_ok=True)
    at = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        with suppress(FileExistsError):
            os.mkdir("a", dir_fd=at)
        below = os.open("a", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    tree(tmp_path, "train.py")
    (tmp_path / "train.py").chmod(0)
    with pytest.raises(ManifestError, match=r"'train\.py' cannot be read"):
        source_files(tmp_path)


SLOW = {
    "stars in a name": ("*a" * 20 + "*b", "a" * 200),
    "stars for folders": ("**/a/" * 30 + "b", "a/" * 60 + "c"),
    "both": ("**/*a*a*a/" * 10 + "b", ("a" * 20 + "/") * 20 + "c"),
    "a line that is longer than any path": ("*a" * 100_000, "a" * 200),
}


@pytest.mark.parametrize("pattern, name", SLOW.values(), ids=SLOW.keys())
def test_no_pattern_takes_longer_than_others(tmp_path: Path, pattern: str, name: str) -> None:
    (tmp_path / ".gitignore").write_text(f"{pattern}\n[z-a]\nhidden\n")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    for file in (name, "hidden"):
        (tmp_path / file).touch()
    before = time.process_time()
    assert [file.name for file in source_files(tmp_path)] == sorted([".gitignore", name])
    assert time.process_time() - before < 5


def test_a_pattern_without_going_back_says_what_it_said() -> None:
    chance = random.Random(5)
    words = ("a", "b", "*", "**", "?", "/", "[ab]", "/**/", ".", "*", "a")
    hits = 0
    for _ in range(1500):
        line = "".join(chance.choice(words) for _ in range(chance.randint(1, 9)))
        for before in (p.regex for p in GitIgnoreSpec.from_lines([line]).patterns if p.regex):
            after = re.compile(straight(before.pattern))
            for _ in range(20):
                path = "".join(chance.choice("aab./a/b") for _ in range(chance.randint(1, 14))).strip("/")
                said, says = before.search(path), after.search(path)
                assert (said and said.groupdict().get("ps_d")) == (says and says.groupdict().get("ps_d")), (line, path)
                assert (said is None) == (says is None), (line, path)
                hits += said is not None
    assert hits > 1000


def test_what_vanishes_while_it_is_looked_at_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor's temporary file, or a folder that a test makes and removes."""
    for name in ("train.py", "swap.tmp", "gone/a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    lstat, scandir = Path.lstat, os.scandir

    def vanished(path: Path) -> os.stat_result:
        if path.name == "swap.tmp":
            path.unlink()
        return lstat(path)

    def emptied(path: str | int) -> Any:
        if isinstance(path, str) and Path(path).name == "gone" and Path(path).exists():
            shutil.rmtree(path)
        return scandir(path)

    monkeypatch.setattr(Path, "lstat", vanished)
    monkeypatch.setattr(os, "scandir", emptied)
    assert [file.name for file in source_files(tmp_path)] == ["train.py"]
