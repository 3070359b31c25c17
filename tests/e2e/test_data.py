"""Inputs and checkpoints in real runs, on each kind of machine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Workspace

pytestmark = pytest.mark.e2e
SCRIPT = """
import os, pathlib
inputs = {name: pathlib.Path(os.environ[f"TFINFRA_INPUT_{name}"]) for name in ("DIGITS", "MOUNTED", "LABELS")}
print("digits", sorted(p.name for p in inputs["DIGITS"].rglob("*.csv")), (inputs["MOUNTED"] / "a.csv").read_text())
print("labels", inputs["LABELS"].name, inputs["LABELS"].read_text())
checkpoints = pathlib.Path(os.environ["TFINFRA_CHECKPOINTS"])
print("found", sorted(p.name for p in checkpoints.iterdir()))
(checkpoints / f"step-{len(list(checkpoints.iterdir()))}").write_text("x")
try:
    (inputs["DIGITS"] / "a.csv").write_text("changed")
except OSError as error:
    print("read-only", type(error).__name__)
"""

ARGUMENTS = """
import argparse, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--data-folder", type=pathlib.Path)
parser.add_argument("--job-dir", type=pathlib.Path)
parser.add_argument("--shard")
given = parser.parse_args()
(given.job_dir / f"shard-{given.shard}").write_text((given.data_folder / "a.csv").read_text())
print("given", given.shard, (given.data_folder / "a.csv").read_text())
"""


def test_a_script_of_others_gets_its_folders_as_arguments(workspace: Workspace) -> None:
    """On each rank's own node: where nodes are processes, an input lies elsewhere on each."""
    (workspace.folder / "data").mkdir()
    (workspace.folder / "data/a.csv").write_text("one")
    wanted = {
        "--data-folder": "${TFINFRA_INPUT_DATA}",
        "--job-dir": "${TFINFRA_CHECKPOINTS}",
        "--shard": "${TFINFRA_SHARD_INDEX}-of-${TFINFRA_SHARD_COUNT} $HOME",
    }
    keys: dict[str, Any] = {"inputs": {"data": {"path": "../data"}}, "script_params": wanted}
    ranks: dict[str, Any] = {"distributed_backend": "mpi", "node_count": 2, "process_count_per_node": 2}
    done = workspace.up(workspace.manifest(ARGUMENTS, **ranks, **keys))
    assert done.returncode == 0, done.stderr
    logs = [(workspace.run_folder() / f"tasks/rank-{rank}.log").read_text() for rank in range(4)]
    assert [f"given {rank}-of-4 $HOME one" in log for rank, log in enumerate(logs)] == [True] * 4
    assert len(list((workspace.run_folder() / "checkpoints").glob("shard-*"))) == 4


def test_inputs_are_there_and_a_second_run_goes_on_from_the_first(workspace: Workspace) -> None:
    data = workspace.folder / "data"
    (data / "b").mkdir(parents=True)
    (data / "a.csv").write_text("one")
    (data / "b/c.csv").write_text("two")
    inputs = {
        "digits": {"path": "../data"},
        "mounted": {"path": "../data", "mode": "mount"},
        "labels": {"path": str(data / "b/c.csv")},
    }
    first = workspace.up(workspace.manifest(SCRIPT, inputs=inputs))
    assert first.returncode == 0, first.stderr
    run = workspace.run_folder()
    log = (run / "tasks/main-0.log").read_text()
    assert "digits ['a.csv', 'c.csv'] one" in log and "labels c.csv two" in log and "found []" in log
    assert (data / "a.csv").read_text() == "one", "nobody writes into a caller's data"
    assert "read-only OSError" in log or workspace.machines == "process"
    second = workspace.up(workspace.manifest(SCRIPT, inputs=inputs, resume_from=run.name))
    assert second.returncode == 0, second.stderr
    (other,) = (r for r in (workspace.folder / "runs").iterdir() if r != run)
    assert "found ['step-0']" in (other / "tasks/main-0.log").read_text()
    assert sorted(p.name for p in (other / "checkpoints").iterdir()) == ["step-0", "step-1"]
