"""The estimator's own lines, as a program of a user's runs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.conftest import Workspace

pytestmark = pytest.mark.e2e
PROGRAM = """
from tfinfra import Experiment, Run, TensorFlow

est = TensorFlow(source_directory="./trial", entry_script="train.py", node_count=2, distributed_backend="mpi")
run = Experiment(object(), name="Digits").submit(config=est, tags={"trial": "1"}, machines="process")
run.wait_for_completion(show_output=True)
run.download_file("outputs/model.txt", "model/weights.txt")
details = Run(run.id).get_details()
logs = sorted(name for name in details["logFiles"] if name != "nodes/mpirun-0.log")  # it warns on a busy machine
print(details["runDefinition"]["nodeCount"], details["tags"], logs[1:3])
print(run.get_status(), sorted(task["task"] for task in run.tasks), (run.outputs / "model.txt").read_text())
"""
SCRIPT = "print('a line of the leader')\nopen('outputs/model.txt', 'w').write('weights')\n"


def run_program(workspace: Workspace, program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command,
        check=False,
        cwd=workspace.folder,
        env=workspace.environment,
        text=True,
        capture_output=True,
        timeout=120,
    )


def test_a_submitted_run_shows_its_lines_and_ends_completed(process_workspace: Workspace) -> None:
    process_workspace.manifest(SCRIPT)
    done = run_program(process_workspace, PROGRAM)
    assert done.returncode == 0, done.stderr
    assert "a line of the leader" in done.stdout
    details, status = done.stdout.splitlines()[-2:]
    assert details == "2 {'trial': '1'} ['nodes/agent-1.log', 'tasks/rank-0.log']"
    assert status == "Completed ['rank-0', 'rank-1'] weights"
    assert (process_workspace.folder / "model" / "weights.txt").read_text() == "weights"


def test_a_wrong_argument_is_named_before_anything_is_touched(process_workspace: Workspace) -> None:
    process_workspace.manifest(SCRIPT)
    done = run_program(process_workspace, PROGRAM.replace("node_count", "node_cout"))
    assert done.returncode == 1
    assert "unknown argument 'node_cout' (did you mean 'node_count'?)" in done.stderr
    assert not (process_workspace.state / "runs").exists()
