"""A search, as a user's shell and a user's program begin it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Workspace
from tests.e2e.test_python_face import run_program

pytestmark = pytest.mark.e2e
EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"
SCRIPT = """
import argparse
from tfinfra import Run

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
x = parser.parse_args().x
for step in range(3):
    Run.get_context().log("score", x + step)
open("outputs/x.txt", "w").write(str(x))
"""
PROGRAM = """
from tfinfra import Experiment, HyperDriveConfig, PrimaryMetricGoal, GridParameterSampling, TensorFlow, choice

config = HyperDriveConfig(
    GridParameterSampling({"--x": choice(1.0, 4.0, 2.0)}), "score", PrimaryMetricGoal.MAXIMIZE, 3, 3,
    estimator=TensorFlow(source_directory="./trial", entry_script="train.py"),
)
run = Experiment("search").submit(config, machines="process")
run.wait_for_completion()
best = run.get_best_run_by_primary_metric()
best.download_file("outputs/x.txt", "best.txt")
print([child["best_primary_metric"] for child in run.get_children_sorted_by_primary_metric()])
print(best.get_metrics("score"), open("best.txt").read())
"""


def test_the_example_finds_a_good_model_and_leaves_nothing(best_workspace: Workspace) -> None:
    workspace = best_workspace
    done = workspace.tfinfra("tune", str(EXAMPLES / "tune.yaml"), "--machines", workspace.machines)
    assert done.returncode == 0, done.stderr
    assert "the best of 6 trials is trial" in done.stderr
    tune = workspace.run_record()["tune"]
    assert (len(tune["trials"]), tune["trials"][0]["best"] >= 0.9) == (6, True)
    best = workspace.run_folder() / "best"
    assert (best / "outputs" / "model.keras").is_file()
    listed = json.loads(workspace.tfinfra("runs", "--of", "digits-tune", "--json").stdout)
    assert [trial["number"] for trial in listed["trials"]] == [trial["number"] for trial in tune["trials"]]


def test_a_program_of_hyperdrives_words_gets_its_best_run(process_workspace: Workspace) -> None:
    process_workspace.manifest(SCRIPT)
    done = run_program(process_workspace, PROGRAM)
    assert done.returncode == 0, done.stderr
    scores, best = done.stdout.splitlines()[-2:]
    assert scores == "[6.0, 4.0, 3.0]"
    assert best == "{'score': [4.0, 5.0, 6.0]} 4.0"
