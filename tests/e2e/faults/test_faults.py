"""What goes wrong in the middle of a real run: every part is killed once, and nothing may be lost or left."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import MARKER, Workspace, found_below, processes_of, shows, wait_until
from tfinfra.clouds import local_cloud
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon

pytestmark = pytest.mark.e2e
SLEEPS = "import time\nprint('first line', flush=True)\ntime.sleep(90)\n"
SHORT = """
import time
print("first line", flush=True)
time.sleep(8)
open("outputs/model.txt", "w").write("weights")
print("last line")
"""
QUICK = SHORT.replace("sleep(8)", "sleep(1)")
ONE_FAILS = """
import json, os, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
if task == {"type": "worker", "index": 1}:
    print("no such file: data.csv")
    sys.exit(3)
time.sleep(60)
"""
LEADERS = ("main-0", "worker-0", "rank-0")
MPI: dict[str, Any] = {"node_count": 2, "distributed_backend": "mpi"}
PS: dict[str, Any] = {"node_count": 2, "distributed_backend": "ps", "worker_count": 2, "parameter_server_count": 1}


def victims(workspace: Workspace, *words: str) -> list[psutil.Process]:
    """The processes of the workspace whose command line holds all of `words`."""
    return [p for p in processes_of(workspace.state) if all(w in " ".join(p.cmdline()) for w in words)]


def kill(workspace: Workspace, *words: str) -> None:
    """kill -9 of one such process, as soon as there is one."""
    found = wait_until(lambda: victims(workspace, *words), 30, f"a process like {words}")
    found[0].kill()


def training(workspace: Workspace, process: subprocess.Popen[str]) -> str:
    """Waits until the leader's script has printed; gives the run."""

    def begun() -> bool:
        assert process.poll() is None, process.communicate()
        return any(found_below(workspace.state, f"cloud/**/logs/{leader}/00000000.log") for leader in LEADERS)

    wait_until(begun, 120, "the first line of the script")
    (run,) = (workspace.state / "runs").iterdir()
    return run.name


def ends(process: subprocess.Popen[str], code: int) -> str:
    out, err = process.communicate(timeout=90)
    assert process.returncode == code, err
    return out + err


def test_a_failing_script_is_named_with_its_exit_status_and_last_lines(workspace: Workspace) -> None:
    done = workspace.up(workspace.manifest(ONE_FAILS, **PS, tf_config="cluster_spec"))
    assert done.returncode == 7
    assert "worker-1" in done.stderr and "exit status 3" in done.stderr and "no such file: data.csv" in done.stderr
    tasks = {task["task"]: task["exit_status"] for task in workspace.run_record()["tasks"]}
    assert tasks["worker-1"] == 3


def test_a_killed_client_loses_nothing(workspace: Workspace) -> None:
    process = workspace.start("up", str(workspace.manifest(SHORT)), "--machines", workspace.machines)
    run = training(workspace, process)
    process.kill()
    process.communicate()
    assert workspace.tfinfra("status", run).returncode == 0
    assert "first line" in workspace.tfinfra("logs", run).stdout
    wait_until(lambda: "last line" in workspace.tfinfra("logs", run).stdout, 40, "the end of the training")
    model = workspace.folder / "runs" / run / "outputs" / "model.txt"
    wait_until(lambda: workspace.tfinfra("fetch", run).returncode == 0 and model.exists(), 60, "the outputs")
    assert model.read_text() == "weights"
    assert workspace.tfinfra("down", run).returncode == 0


def test_ctrl_c_stops_and_deletes(process_workspace: Workspace) -> None:
    process = process_workspace.start("up", str(process_workspace.manifest(SLEEPS)), "--machines", "process")
    training(process_workspace, process)
    process.send_signal(signal.SIGINT)
    assert "deleted" in ends(process, 8)


def test_the_deadline_ends_a_run(process_workspace: Workspace) -> None:
    manifest = process_workspace.manifest(SLEEPS, limits={"max_run_duration": "20s"})
    done = process_workspace.up(manifest)
    assert done.returncode == 9, done.stderr


def test_a_killed_rank_ends_the_run_and_is_named(workspace: Workspace) -> None:
    process = workspace.start("up", str(workspace.manifest(SLEEPS, **MPI)), "--machines", workspace.machines)
    training(workspace, process)
    kill_task(workspace)
    assert "exit status 137" in ends(process, 7)


def kill_task(workspace: Workspace) -> None:
    scripts = wait_until(lambda: [p for p in psutil.process_iter() if is_task(p, workspace)], 10, "a task")
    scripts[0].kill()


def is_task(process: psutil.Process, workspace: Workspace) -> bool:
    """A training script of this workspace: one of its ancestors is, whatever its own environment shows."""
    try:
        command, above = process.cmdline(), process.parents()
    except psutil.NoSuchProcess:
        return False
    return command[1:] == ["train.py"] and any(shows(a, str(workspace.state)) for a in above)


def test_a_killed_agent_is_a_lost_node(process_workspace: Workspace) -> None:
    process = process_workspace.start("up", str(process_workspace.manifest(SLEEPS, **PS)), "--machines", "process")
    training(process_workspace, process)
    kill(process_workspace, "-m tfinfra.agent")
    assert re.search(r"node [01] .*lost|no node has answered|gone before the training ended", ends(process, 7))


def test_a_killed_prted_does_not_look_like_success(process_workspace: Workspace) -> None:
    process = process_workspace.start("up", str(process_workspace.manifest(SLEEPS, **MPI)), "--machines", "process")
    training(process_workspace, process)
    prted = wait_until(lambda: [p for p in psutil.process_iter() if is_prted(p, process_workspace)], 20, "prted")
    prted[0].kill()
    assert "rank-1" in ends(process, 7)


def is_prted(process: psutil.Process, workspace: Workspace) -> bool:
    try:
        return process.name() == "prted" and any(shows(a, str(workspace.state)) for a in process.parents())
    except psutil.NoSuchProcess:
        return False


NO_ROOM = {"kind": "status", "method": "PUT", "path": "virtualMachineScaleSets/", "status": 409}


def test_a_place_without_room_is_left_and_the_nodes_of_the_next_find_each_other(
    process_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARKER, str(process_workspace.state))
    local_cloud(machines="process").ensure()
    endpoint = running_daemon(Layout(process_workspace.state / "cloud"))
    assert endpoint is not None
    call(endpoint, "POST", "faults", {**NO_ROOM, "code": "AllocationFailed", "message": "No room."})
    target = {"cloud": "local", "location": ["eastus", "westeurope"]}
    done = process_workspace.up(
        process_workspace.manifest(QUICK, **PS, tf_config="cluster_spec", compute_target=target)
    )
    assert done.returncode == 0, done.stderr
    assert "AllocationFailed in eastus" in done.stderr and "trying westeurope" in done.stderr
    refused = [attempt["refused"] for attempt in process_workspace.run_record()["attempts"]]
    assert refused == ["AllocationFailed: No room.", None]
    assert (process_workspace.run_folder() / "outputs" / "model.txt").read_text() == "weights"


def test_a_killed_local_cloud_comes_back_and_the_run_ends_well(workspace: Workspace) -> None:
    process = workspace.start("up", str(workspace.manifest(SHORT)), "--machines", workspace.machines)
    training(workspace, process)
    kill_the_local_cloud(workspace)
    assert "deleted" in ends(process, 0)


def test_a_local_cloud_killed_while_it_provisions_comes_back_too(process_workspace: Workspace) -> None:
    process = process_workspace.start("up", str(process_workspace.manifest(SHORT)), "--machines", "process")
    wait_until(lambda: found_below(process_workspace.state, "cloud/**/*-keep*"), 60, "the keep group")
    kill_the_local_cloud(process_workspace)
    assert "deleted" in ends(process, 0)


def kill_the_local_cloud(workspace: Workspace) -> None:
    """The server and the guardian that would start it again."""
    found = victims(workspace, "tfinfra.localcloud.daemon")
    assert found
    for victim in found:
        victim.kill()


def test_a_killed_plugin_is_a_failed_provisioning_with_nothing_left(process_workspace: Workspace) -> None:
    process = process_workspace.start("up", str(process_workspace.manifest(SHORT)), "--machines", "process")
    wait_until(lambda: found_below(process_workspace.state, "cloud/**/*-keep*"), 60, "the keep group")
    kill(process_workspace, "tfinfra.localcloud.plugin --endpoint")
    ends(process, 6)


def test_two_runs_at_once_keep_out_of_each_other_s_way(workspace: Workspace) -> None:
    manifest = str(workspace.manifest(SHORT, **PS))
    both = [workspace.start("up", manifest, "--machines", workspace.machines) for _ in range(2)]
    for process in both:
        ends(process, 0)
    assert len(list((workspace.folder / "runs").iterdir())) == 2


def test_a_detached_run_is_fetched_later_and_told_as_one_document(process_workspace: Workspace) -> None:
    begun = process_workspace.up(process_workspace.manifest(SHORT), "--detach", "--json")
    assert begun.returncode == 0, begun.stderr
    run = json.loads(begun.stdout)["run"]
    audit = process_workspace.tfinfra("audit", "--live", "--all", "--json", "--fail-on", "unverified")
    assert (audit.returncode, json.loads(audit.stdout)["live"]) == (0, [run]), audit.stderr

    def ended() -> bool:
        return bool(json.loads(process_workspace.tfinfra("status", run, "--json").stdout)["result"])

    wait_until(ended, 60, "the run to end")
    fetched = process_workspace.tfinfra("fetch", run)
    assert fetched.returncode == 0, fetched.stderr
    assert (process_workspace.run_folder() / "outputs" / "model.txt").read_text() == "weights"
    told = process_workspace.tfinfra("runs", "--json")
    assert [r["result"] for r in json.loads(told.stdout)["runs"]] == ["succeeded"]
