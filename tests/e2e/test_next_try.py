"""The next try on nodes that are there: a script that fails is mended and run again, and each run has its own end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Workspace, wait_until
from tfinfra.system.clock import unix_time

pytestmark = pytest.mark.e2e
SCRIPT = """
import os, pathlib, sys, time
print("rank", os.environ["OMPI_COMM_WORLD_RANK"], "of", os.environ["TFINFRA_RUN_ID"], sys.argv[1:], flush=True)
pathlib.Path("outputs", "rank-" + os.environ["OMPI_COMM_WORLD_RANK"]).write_text(sys.argv[2])
if sys.argv[2] == "long":
    time.sleep(600)
"""
MISTAKE = "print(1 / len(sys.argv[3:]))\n"
SOON = 10.0
"""Seconds from the command to the first line of the script; on a machine with nothing else to do it is three."""


def document(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    done = workspace.tfinfra(*arguments, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def results(workspace: Workspace, run: str) -> tuple[dict[str, Any], list[str]]:
    """run.json of a run at home, and what lies in its outputs."""
    folder = workspace.folder / "runs" / run
    return json.loads((folder / "run.json").read_text()), sorted(path.name for path in (folder / "outputs").iterdir())


def test_the_next_try_is_on_the_same_nodes_in_seconds(best_workspace: Workspace) -> None:
    workspace, limits = best_workspace, {"max_run_duration": "30m"}

    def manifest(script: str, kind: str = "short") -> Path:
        params = {"--kind": kind}
        return workspace.manifest(script, script_params=params, limits=limits, node_count=2, distributed_backend="mpi")

    kept = workspace.up(manifest(SCRIPT + MISTAKE), "--keep")
    assert kept.returncode == 7, kept.stderr
    assert "ZeroDivisionError" in kept.stderr
    (first,) = (path.name for path in (workspace.folder / "runs").iterdir())
    assert f"tfinfra up MANIFEST --on {first}" in kept.stderr
    assert results(workspace, first)[0]["phase"] == "held"

    looked = workspace.tfinfra("exec", first, "--all", "--", "sh", "-c", "echo on $TFINFRA_RUN_ID; ls outputs; exit 3")
    assert (looked.returncode, looked.stdout.count(f"on {first}"), "rank-0" in looked.stdout) == (3, 2, True)

    given = document(workspace, "extend", first, "10m")
    assert unix_time(given["deadline"]) == unix_time(given["before"]) + 600

    running = workspace.start("up", str(manifest(SCRIPT, "long")), "--on", first, "--json")
    (second,) = wait_until(lambda: new_runs(workspace, {first}), 30, "the second run")
    log = wait_until(lambda: workspace.tfinfra("logs", second).stdout, 30, "its first line")
    assert f"rank 0 of {second} ['--kind', 'long']" in log
    busy = workspace.tfinfra("up", str(manifest(SCRIPT)), "--on", first)
    assert (busy.returncode, f"{second} is on the nodes of {first}" in busy.stderr) == (2, True)
    assert workspace.tfinfra("down", second).returncode == 0
    assert running.wait(30) == 8
    assert results(workspace, second)[1] == ["rank-0", "rank-1"]

    asked = time.time()
    third = document(workspace, "up", str(manifest(SCRIPT)), "--on", second)
    assert (third["result"], third["on"], third["phase"]) == ("succeeded", first, "deleted")
    assert unix_time(third["times"]["first_line"]) - asked < SOON
    assert workspace.tfinfra("audit", third["run"]).returncode == 0
    detached = workspace.tfinfra("up", str(manifest(SCRIPT, "long")), "--on", first, "--detach")
    assert detached.returncode == 0, detached.stderr

    assert workspace.tfinfra("down", first).returncode == 0
    of_first, outputs = results(workspace, first)
    used = [use["run"] for use in of_first["uses"]]
    assert used[:2] == [second, third["run"]]
    fourth, _ = results(workspace, used[2])
    assert (fourth["result"], of_first["phase"], outputs) == ("cancelled", "deleted", ["rank-0", "rank-1"])


def new_runs(workspace: Workspace, known: set[str]) -> list[str]:
    listed = json.loads(workspace.tfinfra("runs", "--json").stdout)["runs"]
    return [each["run"] for each in listed if each["run"] not in known]
