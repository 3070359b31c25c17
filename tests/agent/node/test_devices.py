"""What a node finds of itself: a fake /sys, fake interfaces, and a driver library that is made to say what real ones
have said."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.agent.nodes import cluster
from tests.backends.specs import inventory, plan_of, spec
from tests.clocks import FakeClock
from tfinfra.agent.assignment import Assignment, TaskFolders
from tfinfra.agent.devices import gate
from tfinfra.agent.devices.gate import Cuda, Gpu, ask_driver, await_gpus, required_gpus
from tfinfra.agent.devices.links import (
    Links,
    Port,
    agreed,
    find_links,
    interface_addresses,
    missing_infiniband,
)
from tfinfra.agent.devices.nccl import NO_GRAPHS, nccl_variables, read_settings, ucx_variables
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.tasks.mpi import mpirun_command
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.model import Inventory, Plan

AZURES_GRAPH = """<graphs version="1"><graph id="0" nchannels="2"><channel>
<gpu dev="0"/><gpu dev="1"/><gpu dev="2"/><gpu dev="3"/></channel><channel>
<gpu dev="0"/><gpu dev="3"/><gpu dev="2"/><gpu dev="1"/></channel></graph></graphs>
"""
ADDRESSES = {"lo": "127.0.0.1", "eth0": "10.0.0.4", "ib0": "172.16.1.17", "docker0": "172.17.0.1"}


def machine(sysfs: Path, **links: str) -> Path:
    """A /sys with RDMA devices, their link layers by name."""
    for device, layer in links.items():
        port = sysfs / "class/infiniband" / device / "ports/1"
        port.mkdir(parents=True)
        (port / "link_layer").write_text(f"{layer}\n")
    return sysfs


def found(sysfs: Path, **links: str) -> Links:
    return find_links("10.0.0.4", machine(sysfs, **links), lambda: ADDRESSES)


def gpu_plan(backend: str = "mpi", gpus: int = 1, **keys: Any) -> Plan:
    return plan_of(spec(backend, use_gpu=True, **keys), gpus_per_node=gpus)


NETWORKS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "NC sizes have accelerated networking alone: no RDMA for NCCL": (
        {"mlx5_an0": "Ethernet"},
        {"NCCL_SOCKET_IFNAME": "=eth0", "NCCL_IB_DISABLE": "1"},
    ),
    "a card without any RDMA device": ({}, {"NCCL_SOCKET_IFNAME": "=eth0", "NCCL_IB_DISABLE": "1"}),
    "ND sizes: InfiniBand's devices, and not the Ethernet one": (
        {"mlx5_ib1": "InfiniBand", "mlx5_an0": "Ethernet", "mlx5_ib0": "InfiniBand"},
        {"NCCL_SOCKET_IFNAME": "=eth0", "NCCL_IB_HCA": "=mlx5_ib0,mlx5_ib1"},
    ),
    "devices that nobody has renamed": (
        {"mlx5_10": "InfiniBand", "mlx5_9": "InfiniBand", "mlx5_0": "Ethernet"},
        {"NCCL_SOCKET_IFNAME": "=eth0", "NCCL_IB_HCA": "=mlx5_9,mlx5_10"},
    ),
}


@pytest.mark.parametrize("sentence", NETWORKS)
def test_nccl_is_told_the_nodes_own_network(sentence: str, tmp_path: Path) -> None:
    links, expected = NETWORKS[sentence]
    told = nccl_variables(gpu_plan(node_count=2), found(tmp_path, **links), {}, Path("/none"))
    assert told == {"NCCL_DEBUG": "WARN", **expected}


def test_an_address_that_no_interface_has_leaves_the_choice_to_nccl(tmp_path: Path) -> None:
    links = find_links("127.0.0.11", machine(tmp_path), lambda: ADDRESSES)
    assert nccl_variables(gpu_plan(), links, {}, Path("/none")) == {"NCCL_DEBUG": "WARN", "NCCL_IB_DISABLE": "1"}


def test_this_machines_interfaces_have_their_addresses() -> None:
    asked = {"lo": "127.0.0.1"} if sys.platform == "linux" else {}
    assert asked.items() <= interface_addresses().items()


def test_tasks_without_gpus_are_told_nothing(tmp_path: Path) -> None:
    assert nccl_variables(plan_of(spec("mpi", node_count=2)), found(tmp_path), {}, Path("/none")) == {}


def test_what_the_images_file_says_stands(tmp_path: Path) -> None:
    file = tmp_path / "nccl.conf"
    file.write_text("# Azure's\nNCCL_IB_PCI_RELAXED_ORDERING=1\nNCCL_SOCKET_IFNAME=eth1\nNCCL_DEBUG=INFO\n")
    settings = read_settings((tmp_path / "none", file))
    assert settings["NCCL_IB_PCI_RELAXED_ORDERING"] == "1"
    assert nccl_variables(gpu_plan(), found(tmp_path), settings, Path("/none")) == {"NCCL_IB_DISABLE": "1"}


@pytest.mark.parametrize("said", ["NCCL_IB_HCA", "NCCL_IB_DISABLE", "NCCL_NET"])
def test_who_says_anything_of_rdma_has_decided_on_all_of_it(said: str, tmp_path: Path) -> None:
    plan, links = gpu_plan(environment_variables={said: "0"}), found(tmp_path)
    alone = {"NCCL_DEBUG": "WARN", "NCCL_SOCKET_IFNAME": "=eth0"}
    assert nccl_variables(plan, links, {}, Path("/none")) == alone
    assert nccl_variables(gpu_plan(), links, {said: "0"}, Path("/none")) == alone


GRAPHS: dict[str, tuple[Plan, bool]] = {
    "one rank of four": (gpu_plan(gpus=4), True),
    "all four ranks of one node": (gpu_plan(gpus=4, process_count_per_node=4), False),
    "four ranks on each of two nodes": (gpu_plan(gpus=4, process_count_per_node=4, node_count=2), True),
    "one process with all four": (gpu_plan("single", gpus=4), False),
    "a size of two": (gpu_plan("single", gpus=2), True),
    "workers that share a node's GPUs": (gpu_plan("ps", gpus=4, worker_count=2), True),
}


@pytest.mark.parametrize("sentence", GRAPHS)
def test_a_graph_for_other_ranks_is_replaced_by_an_empty_one(sentence: str, tmp_path: Path) -> None:
    plan, replaced = GRAPHS[sentence]
    graph = tmp_path / "graph.xml"
    graph.write_text(AZURES_GRAPH)
    told = nccl_variables(plan, Links(), {"NCCL_GRAPH_FILE": str(graph)}, tmp_path / "empty.xml")
    assert told.get("NCCL_GRAPH_FILE") == (str(tmp_path / "empty.xml") if replaced else None)


def test_a_graph_that_is_not_there_is_replaced_too(tmp_path: Path) -> None:
    told = nccl_variables(gpu_plan(), Links(), {"NCCL_GRAPH_FILE": str(tmp_path / "gone")}, tmp_path / "empty.xml")
    assert told["NCCL_GRAPH_FILE"] == str(tmp_path / "empty.xml")
    assert NO_GRAPHS == '<graphs version="1"></graphs>\n'


def assignment_of(plan: Plan, links: Links, defaults: dict[str, str], **inherited: str) -> Assignment:
    folders = TaskFolders(Path("/shared"), Path("/root"), Path("/n/tmp"), Path("/env"))
    nodes, paths = inventory(plan.node_count), NodePaths(Path("/n"))
    return Assignment("digits-abc123", plan, nodes, 0, paths, folders, inherited, links=links, defaults=defaults)


def test_every_rank_sees_the_defaults_below_what_the_user_writes() -> None:
    plan = gpu_plan(node_count=2, environment_variables={"NCCL_DEBUG": "INFO"})
    found_here = {"NCCL_DEBUG": "WARN", "NCCL_IB_DISABLE": "1", "NCCL_SOCKET_IFNAME": "=eth0"}
    assignment = assignment_of(
        plan, Links(), found_here, NCCL_SOCKET_IFNAME="eth1", LD_LIBRARY_PATH="/usr/local/cuda/lib64"
    )
    for seen in (task_variables(assignment, plan.tasks[1]), mpirun_command.launcher_variables(assignment, ())):
        assert seen["NCCL_DEBUG"] == "INFO"
        assert seen["NCCL_IB_DISABLE"] == "1"
        assert seen["NCCL_SOCKET_IFNAME"] == "eth1"
        assert "LD_LIBRARY_PATH" not in seen


TRANSPORTS: dict[str, tuple[Plan, bool]] = {
    "MPI's own bulk between two nodes on InfiniBand": (plan_of(spec("mpi", node_count=2)), True),
    "one node": (plan_of(spec("mpi")), False),
    "GPUs, whose bulk is NCCL's": (gpu_plan(node_count=2), False),
    "a parameter server": (plan_of(spec("ps", node_count=2)), False),
}


@pytest.mark.parametrize("sentence", TRANSPORTS)
def test_open_mpi_may_take_infiniband_where_it_carries_the_bulk(sentence: str) -> None:
    plan, expected = TRANSPORTS[sentence]
    links = Links("eth0", (Port("mlx5_ib0", 1),))
    told = ucx_variables(plan, links)
    assert told == ({"UCX_NET_DEVICES": "mlx5_ib0:1", "UCX_TLS": "rc,sm,self"} if expected else {})
    assert ucx_variables(plan, Links("eth0")) == {}
    if plan.backend == "mpi":
        line = " ".join(mpirun_command.mpirun(assignment_of(plan, links, told), root=True, shell="/n/remote_shell.sh"))
        assert f"--mca pml {'^cm' if expected else 'ob1'} --mca btl self,sm,tcp" in line


INFINIBAND: dict[str, tuple[tuple[int, int], bool, str]] = {
    "both nodes have it": ((1, 8), True, ""),
    "one has not": ((8, 0), True, "1 of 2 nodes have no InfiniBand link: gradients go over Ethernet"),
    "one has not, and nobody promised it": ((1, 0), False, "1 of 2 nodes have no InfiniBand link"),
    "none has it, though the size does": ((0, 0), True, "2 of 2 nodes have no InfiniBand link"),
    "none has it, and nobody promised it": ((0, 0), False, ""),
}


@pytest.mark.parametrize("sentence", INFINIBAND)
def test_all_nodes_use_infiniband_or_none_does(sentence: str) -> None:
    ports, promised, words = INFINIBAND[sentence]
    nodes = inventory(2).nodes
    both = Inventory(tuple(replace(node, infiniband=number) for node, number in zip(nodes, ports, strict=True)))
    plan = plan_of(spec("mpi", node_count=2))
    plan = replace(plan, infrastructure=replace(plan.infrastructure, infiniband=promised))
    links = Links("eth0", (Port("mlx5_ib0", 1),))
    assert agreed(links, both) == (links if all(ports) else Links("eth0"))
    assert missing_infiniband(plan, both, own_machines=True).startswith(words)
    assert bool(missing_infiniband(plan, both, own_machines=False)) == (min(ports) == 0 < max(ports))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """fake_libcuda.c, compiled."""
    made = tmp_path_factory.mktemp("cuda") / "libcuda.so.1"
    source = Path(__file__).with_name("fake_libcuda.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(made), str(source)], check=True)
    return str(made)


def driver(monkeypatch: pytest.MonkeyPatch, **says: int | str) -> None:
    given = {"driver": 13000, "gpus": 8, "capability": 80, **says}
    for name, value in given.items():
        monkeypatch.setenv(f"FAKE_{name.upper()}", str(value))


def test_a_driver_that_works_is_asked_for_everything(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch)
    answer = ask_driver(library)
    assert answer == Cuda(0, 13000, (Gpu(80, 0),) * 8)
    assert (answer.well, answer.capability) == (8, 80)


FAULTS: dict[str, tuple[dict[str, int], str]] = {
    "no GPU is found": ({"init": 100}, "cuInit gave 100 (no device"),
    "driver and library differ": ({"init": 803}, "cuInit gave 803 (the driver and its library"),
    "an error without a name here": ({"init": 719}, "cuInit gave 719;"),
    "seven of eight": ({"gpus": 7}, "7 of 8 answer;"),
    "one with broken memory": ({"broken": 4}, "7 of 8 answer; GPU 3 gave 214 (uncorrectable ECC error)"),
}


@pytest.mark.parametrize("sentence", FAULTS)
def test_fewer_gpus_than_the_size_has_are_a_fault_at_once(
    sentence: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    says, words = FAULTS[sentence]
    driver(monkeypatch, **says)
    clock = FakeClock()
    with pytest.raises(NodeFault) as caught:
        await_gpus(8, "node 10.0.0.4", clock, lambda: ask_driver(library))
    assert caught.value.message.startswith("node 10.0.0.4 cannot use its GPUs: ")
    assert words in caught.value.message
    assert "nvidia-fabricmanager is " in caught.value.message
    assert clock.now == 1000.0


@pytest.mark.parametrize("status", [802, 3])
def test_a_fabric_manager_may_be_late(
    status: int, library: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "late").write_text("3\n")
    driver(monkeypatch, early=status, late=str(tmp_path / "late"))
    clock = FakeClock()
    assert await_gpus(8, "node 10.0.0.4", clock, lambda: ask_driver(library)).well == 8
    assert clock.now == 1015.0


def test_a_fabric_manager_that_never_comes_is_named_after_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_ASK_SYSTEMD", (sys.executable, "-c", "print('failed')"))
    clock = FakeClock()
    with pytest.raises(NodeFault, match=r"cuInit gave 802 \(.*; nvidia-fabricmanager is failed"):
        await_gpus(8, "node 10.0.0.4", clock, lambda: Cuda(802, 13000))
    assert clock.now == 1300.0


def test_a_gpu_that_waits_for_its_fabric_is_waited_for_though_the_driver_starts() -> None:
    early, well = Cuda(0, 13000, (Gpu(80, 0), Gpu(80, 802))), Cuda(0, 13000, (Gpu(80, 0), Gpu(80, 0)))
    answers, clock = iter([early, early, well]), FakeClock()
    assert await_gpus(2, "node 10.0.0.4", clock, lambda: next(answers)) == well
    assert clock.now == 1010.0
    assert await_gpus(1, "node 10.0.0.4", clock, lambda: early) == early
    assert clock.now == 1010.0


LOUD = """
import sys
sys.stdout.write({said!r})
"""
OWN_WORDS: dict[str, tuple[str, str]] = {
    "words of its own before the answer": ('NVIDIA: hello\n{"status": 100, "driver": 12020, "gpus": []}\n', ""),
    "words of its own alone": ("NVIDIA: hello\n", "gave no answer: 'NVIDIA: hello"),
    "nothing": ("", "gave no answer: ''"),
}


@pytest.mark.parametrize("case", OWN_WORDS)
def test_what_a_driver_prints_is_no_answer(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, problem = OWN_WORDS[case]
    (tmp_path / "gate.py").touch()
    (tmp_path / "cuda_probe.py").write_text(LOUD.format(said=said))
    monkeypatch.setattr(gate, "__file__", str(tmp_path / "gate.py"))
    found = ask_driver("any")
    assert problem in found.problem
    assert problem or (found.status, found.driver) == (100, 12020)


def test_a_driver_that_hangs_does_not_hang_the_agent(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, hangs=1)
    begun = time.monotonic()
    assert ask_driver(library, limit=0.5).problem == "the driver did not answer within 0.5 s"
    assert time.monotonic() - begun < 5


def test_without_the_library_there_is_no_driver() -> None:
    answer = ask_driver("libcuda-of-nobody.so.1")
    assert "libcuda-of-nobody.so.1" in answer.problem


WANTED: dict[str, tuple[Plan, dict[str, Any], int]] = {
    "a machine of its own with the GPU build": (gpu_plan(gpus=8), {"lock": {"gpu": True}, "prebuilt": None}, 8),
    "a rehearsal, which takes the CPU build": (gpu_plan(gpus=8), {"lock": {"gpu": False}, "prebuilt": None}, 0),
    "a node that is a process here": (gpu_plan(gpus=8), {"lock": {"gpu": True}, "prebuilt": "/env"}, 0),
    "a run without GPUs": (replace(gpu_plan(gpus=8), use_gpu=False), {"lock": {"gpu": True}, "prebuilt": None}, 0),
}


@pytest.mark.parametrize("sentence", WANTED)
def test_gpus_are_wanted_where_the_node_is_a_machine_that_has_them(sentence: str) -> None:
    plan, environment, expected = WANTED[sentence]
    assert required_gpus(plan, environment) == expected


def test_a_node_without_its_gpus_ends_the_run_before_anything_is_built(tmp_path: Path) -> None:
    with cluster(tmp_path, gpu_plan("single", gpus=8), "", lock={"gpu": True}) as run:
        run.start(0)
        outcome = run.outcome()
    assert outcome.result == "failed"
    assert outcome.message.startswith("node 127.0.0.10 cannot use its GPUs: ")


SCRIPT = """
import os
print(sorted(name for name in os.environ if name.startswith("NCCL_")), os.environ.get("NCCL_DEBUG"))
"""


def test_a_rehearsal_on_this_machine_trains_and_its_tasks_see_the_defaults(tmp_path: Path) -> None:
    with cluster(tmp_path, gpu_plan("single", gpus=8), SCRIPT) as run:
        run.start(0)
        assert run.outcome().result == "succeeded"
        words = run.log("main-0")
    assert "'NCCL_DEBUG', 'NCCL_IB_" in words
    assert words.endswith("WARN\n")
