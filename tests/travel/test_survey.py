"""Which files of the source directory travel."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tfinfra.errors import ManifestError
from tfinfra.system.local_tree import read_tree
from tfinfra.system.strange_trees import remove_tree
from tfinfra.travel.ignore_file import taking_back
from tfinfra.travel.survey import SECRET
from tfinfra.travel.walk import survey


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


def travelling(root: Path) -> list[str]:
    return [file.name for file in survey(root).files]


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
    tree(
        tmp_path,
        "train.py",
        "deploy/model.py",
        "deploy/x/plan.json",
        "runs/x/a.txt",
        "lib/runs/a.py",
        "runs/y/run.json",
    )
    assert travelling(tmp_path) == [
        "deploy/model.py",
        "deploy/x/plan.json",
        "lib/runs/a.py",
        "runs/x/a.txt",
        "runs/y/run.json",
        "train.py",
    ]
    (tmp_path / "deploy/x/.tfinfra-files.json").write_text("{}")
    (tmp_path / "runs/x/run.json").write_text('{"schema": 1, "tfinfra": "0.1.0"}')
    assert travelling(tmp_path) == ["deploy/model.py", "lib/runs/a.py", "runs/y/run.json", "train.py"]


def test_what_lies_beside_runs_stays_behind_but_modules_make_the_folder_their_users(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "runs/key.pub", "runs/roots.pem", "runs/x/run.json", "runs/own/data.csv")
    (tmp_path / "runs/x/run.json").write_text('{"schema": 1, "tfinfra": "0.1.0"}')
    assert travelling(tmp_path) == ["runs/own/data.csv", "train.py"]
    (tmp_path / "runs/load.py").write_text("")
    assert travelling(tmp_path) == ["runs/key.pub", "runs/load.py", "runs/own/data.csv", "train.py"]


def obstacles(root: Path) -> dict[str, str]:
    return {one.name: one.why for one in survey(root).obstacles}


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
    assert {name for name, why in found.left.items() if why.what == SECRET} == {*SECRETS, ".azure/"} - {".azure/token"}


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
    links = {file.name: file.link for file in survey(tmp_path).files}
    assert links == {"absolute.csv": "data/a.csv", "data/a.csv": None, "data/again.csv": "a.csv", "folder": "data"}


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "inside-out"])
def test_a_link_that_leaves_the_folder_is_refused_by_name(tmp_path: Path, target: str) -> None:
    source = tree(tmp_path / "source", "train.py")
    (source / "inside-out").symlink_to("..")
    (source / "link").symlink_to(target)
    found = {one.name: one.why for one in survey(source).obstacles}
    assert found == {
        "inside-out": "is a link to '..', outside of source_directory",
        "link": f"is a link to '{target}', outside of source_directory",
    }


def test_a_link_that_leads_back_to_itself_is_refused_by_name(tmp_path: Path) -> None:
    tree(tmp_path, "train.py")
    (tmp_path / "loop").symlink_to("loop")
    assert obstacles(tmp_path) == {"loop": "is a link that leads back to itself"}


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
    assert survey(project).files == ()
    nested(project, 1200)
    assert obstacles(project) == {"a/…": "holds folders in folders, more than 254 deep"}
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
    assert obstacles(tmp_path) == {"train.py": "cannot be read"}


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
    assert [file.name for file in survey(tmp_path).files] == sorted([".gitignore", name])
    assert time.process_time() - before < 5


def test_what_vanishes_while_it_is_looked_at_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that a test makes and removes."""
    tree(tmp_path, "train.py", "gone/a.py")
    scandir = os.scandir

    def emptied(path: Any) -> Any:
        if isinstance(path, bytes) and path.endswith(b"gone/"):
            shutil.rmtree(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", emptied)
    assert travelling(tmp_path) == ["train.py"]


NEVER = {
    "version control, as a folder and as a file": (".git/config", "sub/.git", ".hg/store", ".svn/entries"),
    "an environment of venv, and of conda": (
        "env/pyvenv.cfg",
        "env/lib/x.py",
        "conda/conda-meta/history",
        "conda/bin/x",
    ),
    "an environment without its mark": (
        "old/bin/activate",
        "old/bin/python3.9",
        "old/lib/python3.9/site-packages/x.py",
    ),
    "those of tox, nox and pixi": (".tox/py/x", ".nox/x", ".pixi/envs/x"),
    "other programs' packages, and bytecode": ("web/node_modules/x/index.js", "a/__pycache__/a.pyc"),
}


@pytest.mark.parametrize("names", NEVER.values(), ids=NEVER.keys())
def test_what_is_never_code_stays_behind(tmp_path: Path, names: tuple[str, ...]) -> None:
    tree(tmp_path, "train.py", *names)
    assert travelling(tmp_path) == ["train.py"]


def test_a_project_that_is_an_environment_itself_travels_without_it(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "pyvenv.cfg", "bin/activate", "bin/python", "lib/python3.11/site-packages/numpy.py")
    assert travelling(tmp_path) == ["pyvenv.cfg", "train.py"]


def test_tfinfraignore_takes_back_whatever_stays(tmp_path: Path) -> None:
    """Also files of a folder that stays: git itself has no way to do that."""
    names = (
        "data/a.csv",
        "data/b.csv",
        "node_modules/x.js",
        "env/pyvenv.cfg",
        "env/x.py",
        ".aws/config",
        "c/d/e/f.txt",
    )
    tree(tmp_path, "train.py", *names)
    (tmp_path / ".gitignore").write_text("data/\nc/\n")
    back = ("data/a.csv", "node_modules/", "env/x.py", ".aws/config", "c/**/f.txt")
    (tmp_path / ".tfinfraignore").write_text("".join(f"!{name}\n" for name in back))
    kept = {"data/a.csv", "node_modules/x.js", "env/x.py", ".aws/config", "c/d/e/f.txt", "train.py"}
    assert {name for name in travelling(tmp_path) if not name.endswith("ignore")} == kept


def test_an_environment_that_is_taken_back_travels_whole_and_one_in_what_is_taken_back_does_not(tmp_path: Path) -> None:
    tree(tmp_path, "env/pyvenv.cfg", "env/lib/site-packages/a.py", "gen/a.py", "gen/.venv/pyvenv.cfg", "gen/.venv/x.py")
    (tmp_path / ".gitignore").write_text("gen/\nenv/\n")
    (tmp_path / ".tfinfraignore").write_text("!env/\n!gen/\n")
    kept = {"env/pyvenv.cfg", "env/lib/site-packages/a.py", "gen/a.py"}
    assert {name for name in travelling(tmp_path) if not name.endswith("ignore")} == kept


ODD_NAMES = ("a b.py", "[x].py", "st*r.py", "wh?t.py", "#a.py", "!b.py", "back\\slash.py", "space ", "dir/[x] .py ")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_line_that_takes_a_name_back_does(tmp_path: Path, name: str) -> None:
    tree(tmp_path, name, "other.py")
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / ".tfinfraignore").write_text(taking_back(name) + "\n")
    assert travelling(tmp_path) == [name]


def test_private_keys_are_known_by_what_they_hold(tmp_path: Path) -> None:
    key, certificate = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", "-----BEGIN CERTIFICATE-----\nx\n"
    contents = {
        "deploy-key": key,
        "cert.pem": certificate,
        "both.pem": certificate + key,
        "doc.md": key,
        "a.json": '{"private_key": "-----BEGIN PRIVATE KEY-----"}',
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    assert travelling(tmp_path) == ["cert.pem", "doc.md"]


def test_it_says_which_line_keeps_a_file(tmp_path: Path) -> None:
    tree(tmp_path, "top/src/train.py", "top/src/data/raw/x.csv", "top/src/env/pyvenv.cfg")
    (tmp_path / "top/.git").mkdir()
    (tmp_path / "top/.git/HEAD").write_text("ref: refs/heads/main")
    (tmp_path / "top/.gitignore").write_text("# data\n\nraw/\n")
    (tmp_path / "top/src/link.csv").symlink_to("data/raw/x.csv")
    found = survey(tmp_path / "top/src")
    assert str(found.why_not("data/raw/x.csv")) == "../.gitignore:3 `raw/`"
    assert found.why_not("link.csv") == found.why_not("data/raw")
    assert found.why_not("data") is found.why_not("train.py") is found.why_not("missing") is None
    assert str(found.why_not("env/lib/x.py")) == "a Python environment"


def test_tfinfraignore_counts_from_the_manifests_folder_on(tmp_path: Path) -> None:
    tree(tmp_path, "project/src/train.py", "project/src/big.bin")
    for folder in (tmp_path, tmp_path / "project"):
        (folder / ".tfinfraignore").write_text("*.bin\n" if folder != tmp_path else "*.py\n")
    assert [f.name for f in survey(tmp_path / "project/src", tmp_path / "project").files] == ["train.py"]


FAULTY = {
    "saved by PowerShell": ("*.csv\n".encode("utf-16"), 0),
    "a line in Latin-1": (b"# caf\xe9\n*.csv\ncaf\xe9\n", 3),
}


@pytest.mark.parametrize(("data", "line"), FAULTY.values(), ids=FAULTY.keys())
def test_an_ignore_file_in_another_encoding_is_named(tmp_path: Path, data: bytes, line: int) -> None:
    (tmp_path / ".gitignore").write_bytes(data)
    (bad,) = survey(tmp_path).bad_ignore_files
    assert (bad.file, bad.number) == (".gitignore", line)
    assert "UTF-" in bad.problem
