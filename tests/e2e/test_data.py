"""Inputs and checkpoints in real runs, on each kind of machine."""

from __future__ import annotations

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
