"""`tfinfra lock` from the command line, and a lock where a manifest is expected."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.locking import locks
from tests.locking.test_differences import LOCK, TRAIN, edited, signed
from tfinfra.cli.main import main
from tfinfra.compiler.find_manifests import find_manifests
from tfinfra.locking.read import read_lock


def test_the_same_project_gives_the_same_bytes(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (manifest.parent / LOCK).read_bytes()
    assert main(["lock", TRAIN]) == 0
    assert (manifest.parent / LOCK).read_bytes() == before
    assert "train.lock.yaml: as it was" in capsys.readouterr().out


def test_check_says_that_all_is_as_it_was(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "--check", LOCK]) == 0
    assert "as it was locked; inputs by their sizes, times and inodes" in capsys.readouterr().out
    edited("helper.py", "1", "2")(manifest.parent)
    assert main(["lock", "--check", TRAIN, "--json"]) == 11
    printed = json.loads(capsys.readouterr().out)
    assert [(d["code"], d["path"]) for d in printed["diagnostics"]] == [("TFI905", "lock.source.files.helper.py")]


OTHER_MANIFESTS = (
    ".",
    "",
    "..",
    "data/labels.csv",
    "x" * 900,
    "gone.yaml",
    "train.py",
    "second.yaml",
    LOCK,
)


@pytest.mark.parametrize("path", OTHER_MANIFESTS)
def test_a_lock_that_names_another_manifest_is_still_held_against_its_own(
    path: str, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(manifest, manifest.with_name("second.yaml"))
    locks.lock(manifest.with_name("second.yaml"))
    locks.lock(manifest)
    signed(edited(LOCK, "    path: train.yaml\n", f"    path: '{path}'\n"))(manifest.parent)
    for named in (LOCK, TRAIN):
        assert main(["lock", "--check", named, "--json"]) == 11
        (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
        assert found["path"] == "lock.manifest.path"


def test_a_lock_is_looked_at_itself_or_not_at_all(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`evil.lock.yaml` is never answered with what is in train.lock.yaml."""
    shutil.copy(LOCK, "evil.lock.yaml")
    for words in (["lock", "--check"], ["lock"], ["lock", "--export", "requirements"], ["up"]):
        assert main([*words, "evil.lock.yaml"]) == 11
        assert "is not called like the lock of 'train.yaml', which is 'train.lock.yaml'" in capsys.readouterr().err


@pytest.mark.parametrize("named", [LOCK, TRAIN])
def test_a_lock_that_is_no_yaml_differs_by_whatever_name(named: str, manifest: Path) -> None:
    Path(LOCK).write_text("lock: [\n")
    assert main(["lock", "--check", named]) == 11


@pytest.mark.parametrize("form", ["validate", "compile"])
def test_a_lock_is_a_manifest(form: str, manifest: Path) -> None:
    assert main([form, LOCK]) == 0
    assert main([form, TRAIN]) == 0


def test_a_lock_compiles_to_what_its_manifest_does(manifest: Path) -> None:
    def tree(file: str) -> dict[str, str]:
        return locks.compiled(manifest.with_name(file)).tree

    assert tree(LOCK) == tree(TRAIN)


def test_a_lock_that_is_not_as_it_is_written_is_no_manifest(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(LOCK, "  launch:\n", "  lunch: 1\n  launch:\n")(manifest.parent)
    assert main(["validate", LOCK]) == 3
    assert "did you mean 'launch'?" in capsys.readouterr().err


def test_the_key_of_a_lock_stands_in_no_manifest(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(TRAIN, "name:", "lock: {version: 1}\nname:")(manifest.parent)
    assert main(["validate", TRAIN]) == 3
    assert "error[TFI901]" in capsys.readouterr().err


def test_a_folder_s_locks_are_no_manifests_of_their_own(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert find_manifests(manifest.parent) == (manifest,)
    (manifest.parent / "second.yaml").write_text("entry_script: train.py\n")
    locks.lock(manifest)  # it travels
    assert main(["lock", "--check", "."]) == 0
    assert "second.yaml: not locked" in capsys.readouterr().out
    assert main(["lock", "--check", "second.yaml"]) == 11


REFUSED = {
    "--full without --check": (["--full", TRAIN], "--full says how --check looks"),
    "--check with --upgrade": (["--check", TRAIN, "--upgrade"], "--check writes nothing"),
    "--export with --upgrade": (["--export", "pylock", TRAIN, "--upgrade", "numpy"], "prints the lock as it is"),
    "--export of several": (["--export", "pylock", TRAIN, "second.yaml"], "one lock on stdout"),
    "a lock of stdin": (["-"], "stdin has no place"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_use_of_the_verb(case: str, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, message = REFUSED[case]
    assert main(["lock", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_newest_image_cannot_be_locked(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = "image: 'microsoft-dsvm:ubuntu-hpc:2404:latest'"
    edited("compute_targets.yaml", "gpus: {", f"gpus: {{{image}, ")(manifest.parent)
    assert main(["lock", TRAIN]) == 3
    assert "error[TFI910]" in capsys.readouterr().err


def test_an_index_needs_an_alias(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edited("compute_targets.yaml", "gpus: {", "gpus: {index_url: 'https://index.example/simple', ")(manifest.parent)
    assert main(["lock", TRAIN]) == 3
    refused = capsys.readouterr().err
    assert "error[TFI912]" in refused and "compute_targets.yaml:1" in refused
    (tmp_path / "config").mkdir()
    (tmp_path / "config/indexes.yaml").write_text("corp: https://index.example/simple/\n")
    assert main(["lock", TRAIN]) == 0
    assert "index.example" not in (manifest.parent / LOCK).read_text().replace("compute_targets", "")
    assert main(["lock", "--check", TRAIN]) == 0


def test_an_alias_that_nobody_knows_is_wrong_at_its_line(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(LOCK, "      index: pypi", "      index: corp")(manifest.parent)
    assert main(["validate", LOCK]) == 3
    said = capsys.readouterr().err
    assert "error[TFI913]" in said and "`corp: https://…` into indexes.yaml" in said


def test_a_lock_is_about_what_travels_and_does_not_travel(manifest: Path) -> None:
    read = read_lock((manifest.parent / LOCK).read_bytes(), LOCK)
    assert read.lock is not None
    assert LOCK not in read.lock.source.files and TRAIN in read.lock.source.files
