"""The tutorial's commands before anything runs say what it shows; tests/e2e/test_tutorial.py runs it whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site.steps import TUTORIAL, missing, steps

RUNS = ("tfinfra up", "tfinfra runs")


def test_what_validate_and_plan_say_is_what_the_tutorial_shows(tmp_path: Path) -> None:
    seen = 0
    environment = {**os.environ, "NO_COLOR": "1", "TFINFRA_STATE_DIR": str(tmp_path / "state")}
    for step in steps(tmp_path, TUTORIAL.read_text(encoding="utf-8")):
        lines = [line for line in step.lines if not line.startswith(RUNS)]
        for line in lines:
            command = [sys.executable, "-m", "tfinfra.cli.main", *line.split()[1:]]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            if lines == [*step.lines]:
                assert missing(step.shown, done.stdout + done.stderr) == []
            seen += 1
    assert seen == 5


@pytest.mark.parametrize(
    ("shown", "printed", "what"),
    [
        ("train.yaml: valid\n", "train.yaml: valid\n", []),
        ("took 23 s\n", "took 9 s\n", []),
        ("…\na\n", "b\na\n", []),
        ("train-endt0t succeeded after 23 s", "train-0113b7 succeeded after 7 s", []),
        ("train.yaml: valid\n", "train.yaml: wrong\n", ["train.yaml: valid"]),
        ("two nodes", "one node", ["two nodes"]),
    ],
)
def test_what_counts_as_missing(shown: str, printed: str, what: list[str]) -> None:
    assert missing(shown, printed) == what
