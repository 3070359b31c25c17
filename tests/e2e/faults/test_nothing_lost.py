"""What tasks wrote comes home or is named, whatever becomes of their nodes; and it lands nowhere else on the client."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import Workspace, shows
from tests.e2e.faults.test_faults import PS, ends, training

pytestmark = pytest.mark.e2e
WRITES = """
import os, time
os.makedirs("outputs/sub")
open("outputs/sub/first", "w").write("1")
print("first line", flush=True)
time.sleep({seconds})
open("outputs/last", "w").write("2")
"""
ODD = """
print("odd", flush=True)
import json, os, socket, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
if task["type"] == "ps":
    time.sleep(60)
if task["index"] == 0:
    socket.socket(socket.AF_UNIX).bind("outputs/socket")
    os.mkfifo("outputs/pipe")
    os.symlink("model", "outputs/latest")
    os.symlink({host!r}, "outputs/ckpt")
    open("outputs/model", "w").write("weights")
"""


def outputs(workspace: Workspace) -> list[str]:
    folder = workspace.run_folder() / "outputs"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def agents(workspace: Workspace) -> list[psutil.Process]:
    """The workspace's agents: of a namespace machine's only an ancestor shows whose it is."""
    found = [p for p in psutil.process_iter() if shows(p, "tfinfra.agent")]
    mine = [p for p in found if any(shows(each, str(workspace.state)) for each in (p, *p.parents()))]
    assert mine
    return mine


def test_what_a_killed_agent_leaves_on_its_machine_comes_home(workspace: Workspace) -> None:
    process = workspace.start(
        "up", str(workspace.manifest(WRITES.format(seconds=90))), "--machines", workspace.machines
    )
    training(workspace, process)
    for agent in agents(workspace):
        agent.kill()
    told = ends(process, 7)
    assert outputs(workspace) == ["sub/first"]
    assert workspace.run_record()["not_collected"] is None
    assert "outputs and logs: " in told and "read from their disks" in told


def test_a_node_that_freezes_for_a_while_loses_nothing(process_workspace: Workspace) -> None:
    manifest = process_workspace.manifest(WRITES.format(seconds=3))
    process = process_workspace.start("up", str(manifest), "--machines", process_workspace.machines)
    training(process_workspace, process)
    frozen = agents(process_workspace)
    for agent in frozen:
        agent.send_signal(signal.SIGSTOP)
    time.sleep(12)
    for agent in frozen:
        agent.send_signal(signal.SIGCONT)
    ends(process, 0)
    assert outputs(process_workspace) == ["last", "sub/first"]


def test_odd_things_among_the_outputs_are_named_and_lead_nowhere(workspace: Workspace, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    script = ODD.format(host=str(host))
    done = workspace.up(workspace.manifest(script, **PS, tf_config="cluster_spec"))
    assert done.returncode == 0, done.stderr
    assert outputs(workspace) == ["latest", "model"]
    assert [*host.iterdir()] == []
    for named in ("outputs/socket is a socket", "outputs/pipe is a pipe", "outputs/ckpt is a link"):
        assert named in done.stderr
    assert (workspace.run_folder() / "tasks/worker-0.log").exists()
