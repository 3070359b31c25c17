"""From a booted node to its part in the run: the environment, a lease on ports, the registration, the inventory."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.agent.assignment import Assignment, Gathered, TaskFolders
from tfinfra.agent.boot.loopback_only import ROUTES, has_only_loopback, notice, on_one_host
from tfinfra.agent.boot.setup_script import run_setup
from tfinfra.agent.boot.shared_directory import shared_directory
from tfinfra.agent.boot.training_environment import environment_content, training_environment
from tfinfra.agent.devices.gate import Cuda, await_gpus, gpus_wanted
from tfinfra.agent.devices.links import Links, agreed, find_links, missing_infiniband
from tfinfra.agent.devices.nccl import NO_GRAPHS, nccl_variables, read_settings, ucx_variables
from tfinfra.agent.gather import gather, node_key
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_identity import Key, registration_of
from tfinfra.agent.node.ports import PortLease, lease_ports
from tfinfra.agent.node.temporary_folder import TemporaryFolder, temporary_folder
from tfinfra.agent.node_errors import RunEnded
from tfinfra.agent.rendezvous import Meeting, rendezvous
from tfinfra.agent.tasks.workspace import make_common, make_workspace
from tfinfra.backends.registry import backend
from tfinfra.model import Inventory, Plan
from tfinfra.sealing import NodeKey, nonce_of
from tfinfra.store import keys

_NCCL_CONF = Path("/etc/nccl.conf")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JoinedNode:
    """This node's assignment, and what it holds of the machine until the run's end."""

    assignment: Assignment
    lease: PortLease
    temporary: TemporaryFolder

    def leave(self) -> None:
        self.lease.release()
        self.temporary.remove()


def join(context: AgentContext) -> JoinedNode:
    """Registers this node and returns its assignment, with what it holds of the machine.

    Raises NodeFault, RunEnded or RunStopped where there is nothing to do for this node.
    """
    context.heartbeats.say("environment")
    content = environment_content(context)
    own = content.get("prebuilt") is None
    environment = training_environment(context, content, _working_gpus(context, content))
    run_setup(context, environment)
    lease = lease_ports(context.plan.base_port, _tasks_on_a_node(context.plan), _machine_folder("ports"))
    context.heartbeats.say("rendezvous")
    key = node_key(context.settings)
    registration = registration_of(context.identity, lease.base, _told(context, key) if key else None)
    meeting = Meeting(context.plan.node_count, context.settings.timeouts.register)
    inventory = rendezvous(context.store, registration, meeting, context.clock)
    rank = _rank(inventory, registration.node_id)
    context.logs.add(keys.agent_log(rank), context.paths.agent_log)
    _log.info("this is node %d of %d: %s", rank, len(inventory.nodes), registration)
    shared = _shared(context)
    given = gather(context, inventory, rank, shared, key)
    temporary = temporary_folder(context.paths.scratch or context.paths.root, _machine_folder("nodes"))
    folders = TaskFolders(shared, _home(context), temporary.path, environment)
    return JoinedNode(_assignment(context, inventory, rank, folders, given, own_machines=own), lease, temporary)


def prepare(assignment: Assignment) -> None:
    """The common directories, and a working directory for each task of this node."""
    make_common(assignment.folders.shared)
    for task in assignment.tasks:
        make_workspace(assignment.paths.bundle / "source", assignment.work(task), assignment.folders.shared)


def _told(context: AgentContext, key: NodeKey) -> Key:
    return Key(key.public, context.metadata.attested(nonce_of(key.public)))


def _working_gpus(context: AgentContext, environment: dict[str, Any]) -> Cuda | None:
    """What the driver of a machine that must have GPUs says, before anything is built for them. Raises NodeFault."""
    wanted = gpus_wanted(context.plan, environment)
    return await_gpus(wanted, f"node {context.identity.address}", context.clock) if wanted else None


def _shared(context: AgentContext) -> Path:
    return shared_directory(
        context.settings.shared if context.plan.infrastructure.shared_directory else None, context.paths
    )


def _home(context: AgentContext) -> Path:
    return Path(context.inherited.get("HOME") or "~root" if os.geteuid() == 0 else "~").expanduser()


def _assignment(
    context: AgentContext, inventory: Inventory, rank: int, folders: TaskFolders, given: Gathered, *, own_machines: bool
) -> Assignment:
    plan, warnings = _fit(context.plan, inventory)
    slow = missing_infiniband(plan, inventory, own_machines=own_machines)
    warnings = (*warnings, slow) if slow else warnings
    for warning in warnings:
        _log.warning("%s", warning)
    found = find_links(context.identity.address)
    _log.info("links of this node: %s", found)
    run, links = context.settings.run, agreed(found, inventory)
    defaults = _defaults(context, plan, links, folders.home)
    return Assignment(
        run, plan, inventory, rank, context.paths, folders, context.inherited, warnings, given, links, defaults
    )


def _defaults(context: AgentContext, plan: Plan, links: Links, home: Path) -> dict[str, str]:
    """NCCL reads the user's file before the image's, and lets variables win over both (nccl, src/misc/param.cc)."""
    no_graphs = context.paths.state / "no-graphs.xml"
    no_graphs.write_text(NO_GRAPHS)
    settings = {**read_settings((home / ".nccl.conf", _NCCL_CONF)), **context.inherited}
    return {**nccl_variables(plan, links, settings, no_graphs), **ucx_variables(plan, links)}


def _fit(plan: Plan, inventory: Inventory) -> tuple[Plan, tuple[str, ...]]:
    """The plan as these nodes can run it, and what is different from what the manifest asked for."""
    without = sum(node.gpus == 0 for node in inventory.nodes)
    warnings = (f"{without} of {len(inventory.nodes)} nodes have no GPU",) if plan.use_gpu and without else ()
    if backend(plan.backend).launcher and has_only_loopback(inventory, ROUTES):
        return on_one_host(plan), (*warnings, notice(plan))
    return plan, warnings


def _rank(inventory: Inventory, node_id: str) -> int:
    ids = [node.node_id for node in inventory.nodes]
    if node_id not in ids:
        raise RunEnded("this node came after all that the run wants")
    return ids.index(node_id)


def _tasks_on_a_node(plan: Plan) -> int:
    return max(task.slot for task in plan.tasks) + 1


def _machine_folder(name: str) -> Path:
    """One for all runs of this user on this machine, wherever each keeps its temporary files."""
    return Path("/tmp") / f"tfinfra-{name}-{os.geteuid()}"  # noqa: S108  what is made in it is for this user alone
