"""The environment variables of tasks by which NCCL and UCX know their machine. NCCL asks for RDMA devices first and
takes any of them, an Ethernet card too; it takes every interface for sockets (nccl v2.16.5-1, src/net.cc,
src/transport/net_ib.cc, src/misc/socket.cc); NCCL's own settings: docs.nvidia.com/deeplearning/nccl, "Environment
Variables"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tfinfra.agent.devices.links import Links
from tfinfra.backends.registry import backend
from tfinfra.model import Plan

NO_GRAPHS = '<graphs version="1"></graphs>\n'
"""A graph file that names no graph: NCCL then searches for one itself (src/graph/search.cc)."""
_GRAPH = "NCCL_GRAPH_FILE"
_RDMA = frozenset({"NCCL_IB_DISABLE", "NCCL_IB_HCA", "NCCL_NET"})


def read_settings(files: Iterable[Path]) -> dict[str, str]:
    """NCCL's configuration files, read as NCCL does: lines of NAME=value without spaces, the first file wins; a file
    that is not there says nothing."""
    found: dict[str, str] = {}
    for file in files:
        try:
            lines = file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        pairs = (line.partition("=") for line in lines if not line.startswith("#"))
        found = {**{name: value for name, sign, value in pairs if sign}, **found}
    return found


def nccl_variables(plan: Plan, links: Links, settings: Mapping[str, str], no_graphs: Path) -> dict[str, str]:
    """Defaults for tasks with GPUs; {} without. The image's own `settings` win, but for a graph file that is made for
    other ranks than these: `no_graphs`, a file with NO_GRAPHS, takes its place. If the image or the manifest sets
    anything of RDMA, nothing of RDMA is set here."""
    if not plan.use_gpu:
        return {}
    found = {"NCCL_DEBUG": "WARN"}
    if links.interface:
        found["NCCL_SOCKET_IFNAME"] = f"={links.interface}"  # without "=", "eth1" would be eth10 as well
    if not _RDMA & {*settings, *plan.environment_variables}:
        devices = ",".join(dict.fromkeys(port.device for port in links.infiniband))
        found |= {"NCCL_IB_HCA": f"={devices}"} if devices else {"NCCL_IB_DISABLE": "1"}
    chosen = {name: value for name, value in found.items() if name not in settings}
    if _GRAPH in settings and not _graph_fits(plan, Path(settings[_GRAPH])):
        chosen[_GRAPH] = str(no_graphs)
    return chosen


def ucx_variables(plan: Plan, links: Links) -> dict[str, str]:
    """Which devices Open MPI's UCX may take, where it carries the bulk: without them it also takes the Ethernet card of
    accelerated networking (learn.microsoft.com/azure/virtual-machines/setup-mpi)."""
    if not mpi_over_infiniband(plan, links):
        return {}
    devices = ",".join(f"{port.device}:{port.number}" for port in links.infiniband)
    return {"UCX_NET_DEVICES": devices, "UCX_TLS": "rc,sm,self"}


def mpi_over_infiniband(plan: Plan, links: Links) -> bool:
    """Whether MPI itself carries the gradients between nodes on InfiniBand: with GPUs that is NCCL's part."""
    return backend(plan.backend).horovod and plan.node_count > 1 and not plan.use_gpu and bool(links.infiniband)


def _graph_fits(plan: Plan, graphs: Path) -> bool:
    """Whether the file's graphs hold for the plan's ranks: one node, and a rank on each GPU that they name. Azure's for
    NC96ads_A100_v4 names GPUs 0 to 3 and no network: with fewer ranks NCCL fails with "dev 1 not found", and between
    nodes it has no way out (Azure/azhpc-images#327, its topology/ncv4-graph.xml)."""
    try:
        named = set(re.findall(r"<gpu\s+dev=\"(\d+)\"", graphs.read_text("utf-8", errors="replace")))
    except OSError:
        return False
    return plan.node_count == 1 and len(named) == _ranks_of_nccl(plan)


def _ranks_of_nccl(plan: Plan) -> int:
    """NCCL's ranks on a node: Horovod's are processes, a strategy's the GPUs of its one process. 0 for several such
    processes, each of which has a part of the GPUs."""
    if backend(plan.backend).horovod:
        return plan.processes_per_node
    return plan.gpus_per_node if sum(task.gpus != () for task in plan.tasks) == 1 else 0
