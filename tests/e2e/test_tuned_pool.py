"""A tune on a real pool: trials of two nodes, one after the other, of which one loses a node."""

from __future__ import annotations

import json

import psutil
import pytest

from tests.e2e.conftest import Workspace, shows, wait_until

pytestmark = pytest.mark.e2e
ROLES = """
import argparse, json, os, socket, time
from tfinfra import Run

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
rate = parser.parse_args().rate
config = json.loads(os.environ["TF_CONFIG"])
kind, index = config["task"]["type"], config["task"]["index"]
server = socket.create_server(("", int(config["cluster"][kind][index].rpartition(":")[2])))
print("serving", rate, flush=True)
if kind == "ps":
    time.sleep(600)
time.sleep(4)
Run.get_context().log("accuracy", rate)
open(f"outputs/{kind}-{index}", "w").write(str(rate))
"""
TUNE = {
    "sampling": "grid",
    "parameter_space": {"--rate": {"choice": [0.1, 0.2, 0.3]}},
    "primary_metric_name": "accuracy",
    "primary_metric_goal": "maximize",
    "max_total_runs": 3,
    "max_concurrent_runs": 2,
}


def test_a_lost_node_costs_a_tune_no_trial(process_workspace: Workspace) -> None:
    here = process_workspace
    backend = {"node_count": 2, "distributed_backend": "ps", "worker_count": 1, "parameter_server_count": 1}
    manifest = here.manifest(ROLES, name="pool", tune=TUNE, **backend)
    process = here.start("tune", str(manifest), "--machines", "process")
    agents = wait_until(lambda: [p.parent() for p in psutil.process_iter() if _is_worker(p, here)][:1], 60, "a worker")
    agents[0].kill()
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    records = [json.loads(path.read_text()) for path in here.run_folder().glob("trials/*/run.json")]
    assert sorted(record["result"] for record in records) == ["error", *["succeeded"] * 3]
    assert (here.run_folder() / "best/outputs/worker-0").read_text() == "0.3"
    assert "lost" in out + err


def _is_worker(process: psutil.Process, workspace: Workspace) -> bool:
    """Whether it is the task whose end ends its trial: one that ends well beside a dead parameter server has not lost
    anything."""
    try:
        if "train.py" not in process.cmdline()[-3:]:
            return False
        config = json.loads(process.environ().get("TF_CONFIG", "{}"))
        return config.get("task", {}).get("type") == "worker" and any(
            shows(parent, str(workspace.state)) for parent in process.parents()
        )
    except psutil.Error:
        return False
