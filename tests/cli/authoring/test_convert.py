"""`tfinfra convert` from a file to a manifest that passes `validate`, or to the reasons why it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.cli.main import main

JOB = "code: src\ncommand: python fit.py --lr 0.1\ncompute: azureml:gpus\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "src").mkdir()
    (tmp_path / "src/fit.py").write_text("import argparse\n")
    (tmp_path / "job.yml").write_text(JOB)
    return tmp_path


def test_the_manifest_goes_to_stdout_and_what_is_listed_to_stderr(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "job.yml"]) == 0
    out, err = capsys.readouterr()
    assert "\nentry_script: fit.py\nscript_params:\n  --lr: 0.1\n" in out
    assert "warning[TFI211]: the compute 'gpus' is no target" in err
    assert "job.yml:3:1" in err
    assert sorted(path.name for path in folder.iterdir()) == ["job.yml", "src"]


def test_a_dash_is_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "job.yml", "-o", "-"]) == 0
    assert "\nentry_script: fit.py\n" in capsys.readouterr().out
    assert not (folder / "-").exists()


def test_the_output_passes_validate_from_its_own_folder(folder: Path) -> None:
    (folder / "runs").mkdir()
    assert main(["convert", "job.yml", "-o", "runs/train.yaml"]) == 0
    assert "source_directory: ../src\n" in (folder / "runs/train.yaml").read_text()
    assert main(["validate", "runs/train.yaml"]) == 0


def test_nothing_is_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "train.yaml").symlink_to("elsewhere")
    assert main(["convert", "job.yml", "-o", "train.yaml"]) == 2
    assert "'train.yaml' exists, and is not written over" in capsys.readouterr().err
    assert not (folder / "elsewhere").exists()


def test_why_a_manifest_does_not_pass_is_told_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "job.yml").write_text(JOB.replace("fit.py", "gone.py"))
    assert main(["convert", "job.yml", "-o", "train.yaml"]) == 3
    err = capsys.readouterr().err
    assert "error[TFI307]" in err
    assert "train.yaml:4:15" in err


def test_a_target_that_is_known_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compute_targets.yaml").write_text("gpus: {cloud: local}\n")
    assert main(["convert", "job.yml"]) == 0
    out, err = capsys.readouterr()
    assert "compute_target: gpus\n" in out
    assert "TFI211" not in err
