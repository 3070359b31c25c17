"""A tune whose client is killed amid its search, and the one that goes on with it."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Workspace, wait_until

pytestmark = pytest.mark.e2e
CHOICES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
SCRIPT = """
import argparse, time
from tfinfra import Run

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--book")
given = parser.parse_args()
time.sleep(0.5)
Run.get_context().log("score", given.x)
open("outputs/x.txt", "w").write(str(given.x))
with open(given.book, "a") as book:
    book.write(f"{given.x}\\n")
"""
TUNE = {
    "sampling": "grid",
    "parameter_space": {"--x": {"choice": CHOICES}},
    "primary_metric_name": "score",
    "primary_metric_goal": "maximize",
    "max_total_runs": len(CHOICES),
    "max_concurrent_runs": 2,
}


def journal(state: Path, run: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((state / "runs" / run / "tune").glob("*.json"))]


def test_a_tune_whose_client_is_killed_is_gone_on_with(process_workspace: Workspace) -> None:
    here, book = process_workspace, process_workspace.folder / "lived"
    book.touch()
    command = ("tune", str(here.manifest(SCRIPT, tune=TUNE, script_params={"--book": str(book)})))
    first = here.start(*command, "--machines", "process")
    killed = wait_until(lambda: [path.name for path in here.state.glob("runs/trial-*")], 30, "the tune's folder")[0]
    wait_until(lambda: sum("ended" in entry for entry in journal(here.state, killed)) >= 2, 60, "two trials to end")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    done = here.tfinfra(*command, "--machines", "process", "--resume", killed)
    assert done.returncode == 0, done.stderr
    (run,) = (path.name for path in here.state.glob("runs/trial-*") if path.name != killed)
    entries = journal(here.state, run)
    before = journal(here.state, killed)
    assert entries[: len(before)] == before
    asked = [entry["asked"] for entry in entries if entry.get("asked")]
    assert Counter(each["parameters"]["--x"] for each in asked if each.get("again") is None) == Counter(CHOICES)
    assert Counter(map(float, book.read_text().split())) == Counter(CHOICES)
    assert (here.folder / "runs" / run / "best/outputs/x.txt").read_text() == "6.0"
    kept = (here.folder / "runs" / run / "trials").glob("*/outputs/x.txt")
    assert sorted(float(path.read_text()) for path in kept) == CHOICES
    audited = here.tfinfra("audit", run, "--json")
    found = [finding["rule"] for finding in json.loads(audited.stdout)["findings"]]
    assert (audited.returncode, found) == (0, ["TFA103"]), audited.stdout  # nobody has signed it
    again = here.tfinfra(*command, "--machines", "process", "--resume", killed)
    assert (again.returncode, f"--resume {run}" in again.stderr) == (2, True), again.stderr
