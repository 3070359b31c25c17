"""`tfinfra init`: what it writes is valid, and never over a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.packaging.test_wheel import ROOT
from tfinfra.backends.registry import BACKENDS
from tfinfra.cli.main import main
from tfinfra.manifest.key_schema import TARGET


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path


def _read(name: str) -> dict[str, object]:
    found = yaml.safe_load(Path(name).read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_starter_of_each_backend_is_valid_and_has_the_pins_of_the_examples(backend: str) -> None:
    assert main(["init", "new", "--backend", backend]) == 0
    assert main(["validate", "new/train.yaml"]) == 0
    found = _read("new/train.yaml")
    assert found.get("distributed_backend", "single") == backend
    assert found["pip_packages"] == _read(str(ROOT / "examples/digits/single.yaml"))["pip_packages"]


def test_editors_find_the_schema_and_git_leaves_out_what_is_made() -> None:
    assert main(["init"]) == 0
    first = Path("train.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=tfinfra.schema.json"
    assert Draft202012Validator(json.loads(Path("tfinfra.schema.json").read_text("utf-8"))).is_valid(
        _read("train.yaml")
    )
    assert {"runs/", "deploy/", "tfinfra.schema.json"} <= {*Path(".gitignore").read_text("utf-8").splitlines()}


def test_targets_are_whole_and_each_can_be_named() -> None:
    assert main(["init", "--targets"]) == 0
    text = Path("compute_targets.yaml").read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=compute_targets.schema.json\n")
    assert [key for key in TARGET if f"  {key}: " not in text] == []
    targets = _read("compute_targets.yaml")
    assert Draft202012Validator(json.loads(Path("compute_targets.schema.json").read_text("utf-8"))).is_valid(targets)
    for name in targets:
        assert main(["validate", "train.yaml", "--target", str(name)]) == 0


def test_a_key_that_is_taken_out_of_its_comment_is_one_of_a_target() -> None:
    assert main(["init", "--targets"]) == 0
    lines = Path("compute_targets.yaml").read_text("utf-8").splitlines()
    commented = [line.removeprefix("  #   ") for line in lines if line.startswith("  #   ")]
    assert {key for line in commented for key in yaml.safe_load(line)} == {*TARGET} - {"cloud", "location", "vm_size"}


THERE = {
    "a manifest": ("train.yaml", [], 2),
    "a script": ("train.py", [], 2),
    "the script's module": ("digits.py", [], 2),
    "targets": ("compute_targets.yaml", ["--targets"], 2),
    "a .gitignore": (".gitignore", [], 0),
    "a schema": ("tfinfra.schema.json", [], 0),
    "a manifest, and targets are asked for": ("train.yaml", ["--targets"], 0),
    "a manifest of the script": ("train.yaml", ["--from", "."], 2),
}


@pytest.mark.parametrize(("name", "flags", "code"), THERE.values(), ids=THERE)
def test_nothing_is_overwritten(name: str, flags: list[str], code: int, folder: Path) -> None:
    (folder / "fit.py").write_text("import tensorflow as tf\n\ntf.keras.Sequential().fit([1], [1])\n")
    (folder / name).write_text("mine: 1\n")
    before = {path.name for path in folder.iterdir()}
    assert main(["init", *flags]) == code
    assert (folder / name).read_text("utf-8") == "mine: 1\n"
    assert code == 0 or {path.name for path in folder.iterdir()} == before


LACKS = {
    "a project": ([], "deploy/, tfinfra.schema.json"),
    "a project with targets": (["--targets"], "deploy/, tfinfra.schema.json, compute_targets.schema.json"),
}


@pytest.mark.parametrize(("flags", "lacking"), LACKS.values(), ids=LACKS)
def test_a_gitignore_that_is_there_is_told_what_it_lacks(
    flags: list[str], lacking: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".gitignore").write_text("/runs/\n")
    assert main(["init", *flags]) == 0
    assert f"note: .gitignore is there: add {lacking}\n" in capsys.readouterr().err


def test_a_gitignore_is_told_of_the_schema_that_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".gitignore").write_text("runs/\ndeploy/\n")
    (folder / "train.yaml").write_text("entry_script: fit.py\n")
    assert main(["init", "--targets"]) == 0
    assert "note: .gitignore is there: add compute_targets.schema.json\n" in capsys.readouterr().err


def test_backend_and_from_contradict_each_other() -> None:
    assert main(["init", "--backend", "mpi", "--from", "."]) == 2
