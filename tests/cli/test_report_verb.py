"""What a failing verb leaves, and `report-bundle` as it is typed."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra.cli import failed
from tfinfra.cli.main import main
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.end.ending import RunResult

TRAIN = """\
entry_script: train.py
compute_target:
  cloud: azure
  subscription_id: 0b1f0000-0000-4000-8000-000000000000
  location: eastus
  vm_size: Standard_D2s_v5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest for Azure, and a credential that is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_ARM_TOKEN_FILE", str(tmp_path / "no-token"))
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / "train.yaml").write_text(TRAIN)
    return tmp_path


def test_a_failure_on_azure_points_to_its_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "train.yaml", "--yes"]) == 5
    assert capsys.readouterr().err.count(failed.POINTER) == 1
    assert main(["report-bundle", "--last", "-o", "report.tar.gz", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"document": "report-bundle", "version": 1, "file": "report.tar.gz", "with_logs": False}
    with tarfile.open("report.tar.gz") as tar:
        file = tar.extractfile("tfinfra-report/last.json")
        assert file is not None
        last = json.loads(file.read())
    assert (last["command"], last["kind"]) == (["up", "--yes"], "CredentialsError")
    assert str(folder) not in json.dumps(last)


MISTAKES = {
    "a manifest that is wrong": ["up", "wrong.yaml"],
    "a flag that is not there": ["up", "train.yaml", "--nope"],
    "a run that is not there": ["status", "nowhere"],
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_no_failure(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "wrong.yaml").write_text("entry_script: 7\n")
    assert main(MISTAKES[case]) in (2, 3)
    assert failed.POINTER not in capsys.readouterr().err
    assert not (folder / "state" / "last.json").exists()


def told(folder: Path) -> dict[str, Any]:
    """The documents of the report of the last failure, by name."""
    assert main(["report-bundle", "--last", "-o", str(folder / "report.tar.gz")]) == 0
    with tarfile.open(folder / "report.tar.gz") as tar:
        files = {member.name.rpartition("/")[2]: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: json.load(file) for name, file in files.items() if file is not None}


def test_a_manifest_that_is_wrong_has_a_report_and_takes_no_failures_place(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("entry_script: univac.py\n")
    assert main(["up", "wrong.yaml"]) == 3
    first = told(folder)
    assert (first["last.json"]["kind"], first["last.json"]["exit_code"]) == ("ManifestError", 3)
    assert [found["code"] for found in first["last.json"]["diagnostics"]] == ["TFI307"]
    assert "univac" not in json.dumps(first)
    assert main(["plan", "--live", "train.yaml"]) == 5
    assert told(folder)["last.json"]["kind"] == "CredentialsError"
    assert "mistake.json" not in told(folder)


AWAY = ["down", "--all", "--cloud=azure"]
ABOUT: dict[str, tuple[str | None, list[str], bool]] = {
    "an error of Azure's": ("azure", ["runs"], True),
    "one of the local cloud, after another verb went to Azure": ("local", ["runs"], False),
    "one that says nothing, of a verb that was sent to Azure": (None, AWAY, True),
    "one that says nothing": (None, ["runs", "--cloud", "local"], False),
}


@pytest.mark.parametrize("case", ABOUT)
def test_only_what_came_from_azure_points_to_its_report(
    case: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, words, pointed = ABOUT[case]
    error = ProvisioningError("no")
    error.cloud = cloud
    assert main(["plan", "--live", "train.yaml"]) == 5
    assert failed.POINTER in capsys.readouterr().err
    failed.failed(error, words)
    assert (failed.POINTER in capsys.readouterr().err) is pointed


def test_up_notes_the_words_that_it_was_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are main's, which is not always called by a shell."""
    ended = RunResult(a_record(), {}, ProvisioningError("no"))
    monkeypatch.setattr("tfinfra.lifecycle.up.launch.launch_manifest", lambda *_: ended)
    monkeypatch.setattr("tfinfra.lifecycle.up.launch.closing_lines", lambda *_: [])
    assert main(["up", "train.yaml", "--yes"]) == 6
    noted = json.loads((folder / "state" / "last.json").read_text())
    assert (noted["command"], noted["run"]) == (["up", "--yes"], ended.record.run)


def test_a_state_folder_that_cannot_be_listed_hides_no_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Path) -> NoReturn:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("tfinfra.lifecycle.record.run_record.all_records", broken)
    assert main(["plan", "--live", "train.yaml"]) == 5
    assert failed.POINTER in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["digits", "--last"], ["--last"], ["digits"]])
def test_what_there_is_no_report_of(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report-bundle", *words]) == 2
    assert "error:" in capsys.readouterr().err
    assert list(folder.glob("*.tar.gz")) == []
