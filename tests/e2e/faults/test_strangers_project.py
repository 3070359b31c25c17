"""A whole run from a stranger's repository: on the client nothing of it runs; on the nodes the training has Python's
own rules, by which a module beside the script comes before all others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Workspace
from tests.hostile.project import marks, stranger

pytestmark = pytest.mark.e2e
SCRIPT = """
import os, queue
import helper
open('outputs/seen.txt', 'w').write(f"{queue.MINE} {helper.VALUE} {os.path.exists('.env')}")
"""


def test_up_runs_nothing_of_it_here_and_the_training_finds_its_own_modules(process_workspace: Workspace) -> None:
    workspace = process_workspace
    project = stranger(workspace.folder / "project")
    (project / "train.py").write_text(SCRIPT)
    (project / "queue.py").write_text("import os\nos.environ['TFINFRA_RUN_ID']\nMINE = 'mine'\n")
    (project / "helper.py").write_text("VALUE = 7\n")
    program = Path(sys.executable).with_name("tfinfra")
    done = subprocess.run(
        [sys.executable, str(program), "up", "train.yaml", "--machines", workspace.machines],
        cwd=project,
        env={name: value for name, value in workspace.environment.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (seen,) = (project / "runs").glob("*/outputs/seen.txt")
    assert seen.read_text() == "mine 7 False"
    assert ".env" in done.stderr + done.stdout  # it stayed here, and that is said
    assert marks(project) == []
