"""The examples of the README, trained for real on both kinds of machines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Workspace

pytestmark = pytest.mark.e2e
EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"


def accuracies(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"test accuracy: (0\.\d+)", text)]


@pytest.mark.parametrize("example", ["single", "horovod", "ps", "estimator", "coordinator"])
def test_an_example_reaches_its_accuracy_and_saves_a_model(workspace: Workspace, example: str) -> None:
    done = workspace.up(EXAMPLES / f"{example}.yaml")
    assert done.returncode == 0, done.stderr
    logs = "".join(path.read_text() for path in (workspace.run_folder() / "tasks").glob("*.log"))
    assert accuracies(logs) and min(accuracies(logs)) >= 0.9
    assert any(path.is_file() for path in (workspace.run_folder() / "outputs").rglob("*"))
    assert workspace.run_record()["result"] == "succeeded"


def weight_hashes(workspace: Workspace, tasks: str) -> list[str]:
    logs = [path.read_text() for path in sorted((workspace.run_folder() / "tasks").glob(tasks))]
    found = [re.findall(r"weight hash:? ([0-9a-f]+)", log) for log in logs]
    assert all(len(hashes) == 1 for hashes in found)
    return [hashes[0] for hashes in found]


def test_two_workers_that_make_the_same_steps_end_with_equal_weights(workspace: Workspace) -> None:
    done = workspace.up(EXAMPLES / "multi_worker.yaml")
    assert done.returncode == 0, done.stderr
    first, second = weight_hashes(workspace, "worker-*.log")
    assert first == second
    logs = "".join(path.read_text() for path in (workspace.run_folder() / "tasks").glob("worker-*.log"))
    assert min(accuracies(logs)) >= 0.9
    assert any(path.is_file() for path in (workspace.run_folder() / "outputs").rglob("*.keras"))


def test_an_azure_manifest_is_rehearsed_and_the_weights_of_all_ranks_are_equal(workspace: Workspace) -> None:
    done = workspace.up(EXAMPLES / "azure-horovod.yaml", "--rehearse")
    assert done.returncode == 0, done.stderr
    hashes = weight_hashes(workspace, "rank-*.log")
    assert len(hashes) >= 2
    assert len(set(hashes)) == 1
