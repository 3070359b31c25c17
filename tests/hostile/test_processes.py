"""The processes that the Python face and the lock start, from within a stranger's project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.hostile.project import marks, stranger

SUBMITTED = """
import json, os, sys
from pathlib import Path
from tfinfra.lifecycle.up import background_run
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.lifecycle.run.options import UpOptions
folder = RunFolder(Path(sys.argv[1]))
options = UpOptions(Path.cwd(), rehearse=True, letters="abcdef")
request = background_run.Submission({}, "stranger", options)
process = background_run.start(request, folder)
os.waitpid(process.pid, 0)
print(json.loads((folder.path / background_run.FAILURE).read_text()))
"""
CONDA = """
from tfinfra.environment.conda.conda_packages import CondaSolveRequest, solve_conda
from tfinfra.errors import NotFeasible
try:
    solve_conda(CondaSolveRequest(("file:///nowhere/at/all",), ("numpy",), (), "linux-64", None, "/nonexistent"))
except NotFeasible as error:
    print("the worker ran:", error)
"""


def run(project: Path, text: str, *words: str) -> str:
    """What a program prints that stands elsewhere and runs in the project's folder."""
    program = project.parent / "elsewhere" / "program.py"
    program.parent.mkdir(exist_ok=True)
    program.write_text(text)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["TFINFRA_STATE_DIR"] = str(project.parent / "state")
    line = [sys.executable, str(program), *words]
    done = subprocess.run(line, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_submitted_run_takes_no_module_of_the_project(tmp_path: Path) -> None:
    project = stranger(tmp_path / "project")
    assert "entry_script" in run(project, SUBMITTED, str(tmp_path / "state/runs/stranger-abcdef"))
    assert marks(project) == []


def test_condas_worker_takes_no_module_of_the_project(tmp_path: Path) -> None:
    project = stranger(tmp_path / "project")
    assert "the worker ran" in run(project, CONDA)
    assert marks(project) == []


def test_the_plugin_of_a_rehearsal_takes_none_of_where_it_is_started_or_stands(tmp_path: Path) -> None:
    from tfinfra.arm.azure_native import BINARY
    from tfinfra.localcloud.plugin.package import package

    project = stranger(tmp_path / "project")
    subprocess.run(["tar", "xzf", package(tmp_path / "packed")], cwd=project, check=True)
    environment = {**os.environ, "PYTHONPATH": str(project)}
    done = subprocess.run(
        [project / BINARY, "--help"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert "--until-stdin-closes" in done.stdout, done.stderr
    assert marks(project) == []
