"""A node that its cloud announces to be evicted and then takes away: told beforehand, and named so at the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Workspace
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon

pytestmark = pytest.mark.e2e
SLEEPS = "import time\nprint('first line', flush=True)\ntime.sleep(90)\n"
PS: dict[str, Any] = {"node_count": 2, "distributed_backend": "ps", "worker_count": 2, "parameter_server_count": 1}


def test_an_evicted_node_is_named_as_that(process_workspace: Workspace) -> None:
    workspace = process_workspace
    process = workspace.start("up", str(workspace.manifest(SLEEPS, **PS)), "--machines", workspace.machines)
    assert process.stdout is not None
    assert "worker-0 | first line\n" in iter(process.stdout.readline, "")  # worker-0's, on node 0
    layout = Layout(workspace.state / "cloud")
    daemon = running_daemon(layout)
    assert daemon is not None
    event = {"type": "Preempt", "machine": second_machine(layout), "seconds": 4}
    assert call(daemon, "POST", "events", event)[0] == 201
    _, err = process.communicate(timeout=120)
    assert process.returncode == 7, err
    assert "node 1 is about to be evicted (spot)" in err
    assert "was evicted (spot)" in workspace.run_record()["message"]


def second_machine(layout: Layout) -> str:
    """The name of the machine with the higher address: ranks go by addresses."""
    (record,) = layout.groups.glob("*-compute/machines/*/machines.json")
    instances = sorted(read_json(record)["instances"], key=lambda i: [int(n) for n in i["address"].split(".")])
    return str(instances[1]["name"])
