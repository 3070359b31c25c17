"""Real nodes that delete themselves, and a real run with the identity and the container of others."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.azure import platform
from tests.azure.arm_calls import disable
from tests.e2e.conftest import Workspace, found_below, processes_of, wait_until
from tests.localcloud.calls import BLOB_CONTRIBUTOR, GROUP_DELETER, SUB
from tests.stacks.plans import THEIR_IDENTITY, THEIR_STORE
from tfinfra.cloud import Cloud
from tfinfra.clouds import local_cloud

pytestmark = pytest.mark.e2e
SCRIPT = "import os\nopen(f'outputs/{os.getpid()}.txt', 'w').write('weights')\nprint('done')\n"


@pytest.fixture
def cloud(process_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The workspace's own cloud, for the calls of a test."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(process_workspace.state))
    yield local_cloud(machines="process")


def agents(workspace: Workspace) -> dict[int, psutil.Process]:
    """The living agents by their rank, which they write into their logs."""
    found = {}
    for process in processes_of(workspace.state):
        words = process.cmdline()
        if "tfinfra.agent" in words:
            log = (Path(words[words.index("--root") + 1]) / "var/lib/tfinfra/logs/agent.log").read_text()
            found.update({rank: process for rank in (0, 1) if f"this is node {rank} of 2" in log})
    return found


def test_a_node_that_did_not_lead_deletes_when_client_timer_and_leader_are_gone(
    process_workspace: Workspace, cloud: Cloud
) -> None:
    manifest = process_workspace.manifest(SCRIPT, node_count=2, distributed_backend="mpi")
    begun = process_workspace.up(manifest, "--detach", "--json")
    assert begun.returncode == 0, begun.stderr
    run = json.loads(begun.stdout)["run"]
    groups = process_workspace.state / "cloud" / "groups"
    disable(cloud, f"{SUB}/resourceGroups/tfinfra-{run}-keep/providers/Microsoft.Logic/workflows/{run}-timer")
    wait_until(lambda: found_below(groups, "**/collected.json"), 120, "the outputs to be collected")
    agents(process_workspace)[0].send_signal(signal.SIGSTOP)
    wait_until(lambda: not (groups / f"tfinfra-{run}-compute").exists(), 90, "the other node to delete the machines")
    assert (groups / f"tfinfra-{run}-keep").exists()
    fetched = process_workspace.tfinfra("fetch", run)
    assert fetched.returncode == 0, fetched.stderr
    assert len(list((process_workspace.run_folder() / "outputs").glob("*.txt"))) == 2


def test_a_run_keeps_to_its_own_folder_in_a_container_of_others(process_workspace: Workspace, cloud: Cloud) -> None:
    platform.make_group(cloud)
    platform.make_store(cloud)
    platform.make_identity(cloud, (platform.ACCOUNT, BLOB_CONTRIBUTOR), (SUB, GROUP_DELETER))
    container = process_workspace.state / "cloud/groups/platform/storage/teamruns/blob/runs"
    (container / "theirs.txt").write_text("not ours")
    target = {"cloud": "local", "identity_id": THEIR_IDENTITY, "store": THEIR_STORE}
    done = process_workspace.up(process_workspace.manifest(SCRIPT, compute_target=target))
    assert done.returncode == 0, done.stderr
    assert len(list((process_workspace.run_folder() / "outputs").glob("*.txt"))) == 1
    assert [path.name for path in container.rglob("*") if path.is_file()] == ["theirs.txt"]
    platform.remove(cloud)
