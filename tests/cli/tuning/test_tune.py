"""The verb `tune`: what it refuses before anything is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.cli.main import main

TUNE = """\
entry_script: train.py
tune:
  sampling: random
  parameter_space: {--lr: {uniform: [0.1, 0.9]}}
  primary_metric_name: acc
  primary_metric_goal: maximize
  max_total_runs: 4
"""
REFUSED = {
    "a manifest without a search": (["tune", "run.yaml"], "no `tune`"),
    "a search for `up`": (["up", "tune.yaml"], "use `tfinfra tune`"),
    "a search that nobody drives": (["tune", "tune.yaml", "--detach"], "this client asks the nodes for each trial"),
    "a search whose nodes stay": (["tune", "tune.yaml", "--keep"], "take no further runs"),
    "a search on others' nodes": (["tune", "tune.yaml", "--on", "digits-abc123"], "a pool of its own"),
    "another tool's word": (["sweep", "tune.yaml"], "tune"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_tune_does_ends_with_two_and_the_reason(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words, said = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("import argparse\n")
    (tmp_path / "run.yaml").write_text("entry_script: train.py\n")
    (tmp_path / "tune.yaml").write_text(TUNE)
    assert main(words) == 2
    assert said in capfd.readouterr().err
    assert not (tmp_path / "deploy").exists()
