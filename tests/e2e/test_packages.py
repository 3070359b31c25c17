"""Training code that is a package, with relative imports, in real runs on each kind of machine."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Workspace

pytestmark = pytest.mark.e2e
TASK = """
import os, sys
from . import model
from .parts import deep
if __name__ == "__main__":
    print("is", model.NAME, deep.NAME, __package__, os.path.samefile(sys.path[0], os.getcwd()), sys.argv[1:])
"""
FILES = {
    "setup.py": "raise SystemExit('not on nodes')\n",
    "trainer/__init__.py": "",
    "trainer/task.py": TASK,
    "trainer/model.py": "from trainer.parts.deep import NAME\n",
    "trainer/parts/__init__.py": "",
    "trainer/parts/deep.py": "NAME = 'deep'\n",
}


@pytest.mark.parametrize("backend", [None, "mpi"])
def test_a_package_runs_as_python_runs_a_module(workspace: Workspace, backend: str | None) -> None:
    for name, text in FILES.items():
        path = workspace.folder / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    keys = {"distributed_backend": "mpi", "node_count": 2} if backend else {}
    manifest = workspace.folder / "code/trial.yaml"
    wanted = {"--epochs": 3, "--out": "${TFINFRA_RUN_ID}"}
    manifest.write_text(json.dumps({"entry_script": "-m trainer.task", "script_params": wanted, **keys}))
    done = workspace.up(manifest)
    assert done.returncode == 0, done.stderr
    run = workspace.run_folder()
    said = f"is deep deep trainer True ['--epochs', '3', '--out', '{run.name}']"
    tasks = ("rank-0", "rank-1") if backend else ("main-0",)
    assert [said in (run / f"tasks/{task}.log").read_text() for task in tasks] == [True] * len(tasks)
