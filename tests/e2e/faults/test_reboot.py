"""A machine that reboots in mid-run while nobody watches: it says so, brings what it wrote, and deletes itself."""

from __future__ import annotations

import json

import pytest

from tests.azure.arm_calls import disable
from tests.e2e.conftest import Workspace, found_below, wait_until
from tests.localcloud.calls import SUB
from tfinfra.clouds import local_cloud
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon

pytestmark = pytest.mark.e2e
SCRIPT = """
import time
with open("outputs/starts", "a") as starts:
    starts.write("x")
print("in training", flush=True)
time.sleep(300)
"""


def test_a_detached_run_of_one_node_that_reboots_ends_by_itself(
    best_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = best_workspace
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(workspace.state))
    cloud = local_cloud(machines=workspace.machines)
    begun = workspace.up(workspace.manifest(SCRIPT), "--detach", "--json")
    assert begun.returncode == 0, begun.stderr
    run = json.loads(begun.stdout)["run"]
    layout = Layout(workspace.state / "cloud")
    disable(cloud, f"{SUB}/resourceGroups/tfinfra-{run}-keep/providers/Microsoft.Logic/workflows/{run}-timer")
    wait_until(lambda: found_below(layout.groups, "**/logs/main-0/*.log"), 120, "the training")
    _break_down(layout)
    wait_until(lambda: not (layout.groups / f"tfinfra-{run}-compute").exists(), 120, "the node to delete itself")
    fetched = workspace.tfinfra("fetch", run)
    assert "failed" in fetched.stderr
    assert workspace.run_record()["message"].endswith("rebooted while it trained")
    assert (workspace.run_folder() / "outputs/starts").read_text() == "x"  # not begun anew


def _break_down(layout: Layout) -> None:
    """The one machine reboots, and nothing has announced it."""
    daemon = running_daemon(layout)
    assert daemon is not None
    (record,) = layout.groups.glob("*-compute/machines/*/machines.json")
    name = read_json(record)["instances"][0]["name"]
    assert call(daemon, "POST", "events", {"type": "Reboot", "machine": name, "seconds": 0, "told": False})[0] == 201
