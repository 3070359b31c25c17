"""A machine without any network: PRRTE refuses to connect its daemons over loopback (it ends with 213), so all ranks of
nodes that are processes of one such machine run as neighbours under node 0's mpirun."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tfinfra.model import Inventory, Plan

ROUTES = Path("/proc/net/route")  # one line per IPv4 route beside the header; loopback has none here


def has_only_loopback(inventory: Inventory, routes: Path) -> bool:
    """Whether the nodes are processes of a machine with no interface but loopback; False where that cannot be seen."""
    if len(inventory.nodes) == 1 or any(node.network for node in inventory.nodes):
        return False
    try:
        return len(routes.read_text("utf-8").splitlines()) <= 1
    except OSError:
        return False


def on_one_host(plan: Plan) -> Plan:
    """The same ranks, all on node 0."""
    tasks = tuple(replace(task, node=0, slot=slot) for slot, task in enumerate(plan.tasks))
    return replace(plan, tasks=tasks, processes_per_node=len(tasks))


def notice(plan: Plan) -> str:
    ranks = len(plan.tasks)
    return f"this machine has no network but loopback: all {ranks} ranks run on node 0 (hvd.local_size() is {ranks})"
