"""From a booted node to its part in the run: the environment, a lease on ports, the registration, the inventory."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfinfra.agent.assignment import Assignment, Gathered, TaskFolders
from tfinfra.agent.boot.loopback_only import ROUTES, has_only_loopback, notice, on_one_host
from tfinfra.agent.boot.setup_script import LONGEST, run_setup
from tfinfra.agent.boot.shared_directory import shared_of
from tfinfra.agent.boot.training_environment import environment_content, training_environment
from tfinfra.agent.devices.gate import await_gpus, required_gpus
from tfinfra.agent.devices.links import agreed, find_links, missing_infiniband
from tfinfra.agent.devices.nccl import NO_GRAPHS, nccl_variables, read_settings, ucx_variables
from tfinfra.agent.evidence.witness import Witness
from tfinfra.agent.gather import NONE_YET, gather, node_key
from tfinfra.agent.metrics.node_metrics import NodeMetrics, TaskMetrics
from tfinfra.agent.metrics.script_package import make_script_package
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_identity import Key, registration_of
from tfinfra.agent.node.ports import PortLease, lease_ports
from tfinfra.agent.node.temporary_folder import TemporaryFolder, temporary_folder
from tfinfra.agent.node_errors import RunEnded
from tfinfra.agent.rendezvous import Meeting, must_go_on, rendezvous
from tfinfra.agent.tasks.workspace import make_common, make_workspace
from tfinfra.backends.registry import backend
from tfinfra.model import Inventory, NodeRegistration
from tfinfra.sealing import NodeKey, nonce_of
from tfinfra.store import ObjectStore, keys

_NCCL_CONF = Path("/etc/nccl.conf")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JoinedNode:
    """This node's assignment, what it holds of the machine until the run's end, and what it records of itself."""

    assignment: Assignment
    lease: PortLease
    temporary: TemporaryFolder
    witness: Witness
    metrics: TaskMetrics

    def leave(self) -> None:
        self.metrics.stop()
        self.lease.release()
        self.temporary.remove()


def join(context: AgentContext) -> JoinedNode:
    """Makes this node what the run needs, then takes its place in it.

    Raises NodeFault, NodeDiffers, RunEnded or RunStopped where there is nothing to do for this node.
    """
    context.heartbeats.say("environment")
    content = environment_content(context)
    # Before anything is built for its GPUs, the driver of a machine that must have some is asked for them.
    required = required_gpus(context.plan, content)
    cuda = await_gpus(required, f"node {context.identity.address}", context.clock) if required else None
    environment = training_environment(context, content, cuda)
    return take_place(context, content, environment)


def take_place(
    context: AgentContext,
    content: Mapping[str, Any],
    environment: Path,
    inputs: Mapping[str, Path] = NONE_YET,
    go_on: Callable[[ObjectStore], None] = must_go_on,
) -> JoinedNode:
    """Registers this node, which has the training environment, and returns its assignment, with what it holds of the
    machine. `content` is environment.json of the bundle, `inputs` has the paths of those that are on the node already;
    `go_on` raises RunEnded or RunStopped where the run's store says that it does not go on. Raises as `join` does.
    """
    plan, settings = context.plan, context.settings
    run_setup(context, environment, LONGEST, lambda: go_on(context.store))
    go_on(context.store)
    tasks_on_a_node = max(task.slot for task in plan.tasks) + 1
    lease = lease_ports(plan.base_port, tasks_on_a_node, _machine_folder("ports"))

    context.heartbeats.say("rendezvous")
    key = node_key(settings)
    public = Key(key.public, context.metadata.attested(nonce_of(key.public))) if key else None
    inventory, rank = _meet(context, registration_of(context.identity, lease.base, public))
    shared = shared_of(context)
    given = gather(context, inventory, rank, shared, key, there=inputs)
    temporary = temporary_folder(context.paths.scratch or context.paths.root, _machine_folder("nodes"))
    home = (context.inherited.get("HOME") or "~root") if os.geteuid() == 0 else "~"
    folders = TaskFolders(shared, Path(home).expanduser(), temporary.path, environment)
    own = content.get("prebuilt") is None
    make_script_package(context.paths)
    metrics = NodeMetrics(context, rank, shared / "outputs/artifacts")
    metrics.start()
    assignment = assign(context, inventory, rank, folders, given, own_machines=own)
    assignment = replace(assignment, tracking=metrics.tracking)
    # where nothing is sealed for this node, a new key: its attested documents must name one
    seen = Witness(context, assignment, public or Key(NodeKey().public), content["lock"])
    seen.begin()
    return JoinedNode(assignment, lease, temporary, seen, metrics)


def _meet(context: AgentContext, registration: NodeRegistration) -> tuple[Inventory, int]:
    """All nodes of the run, and this one's rank among them."""
    meeting = Meeting(context.plan.node_count, context.settings.timeouts.register)
    inventory = rendezvous(context.store, registration, meeting, context.clock)
    ids = [node.node_id for node in inventory.nodes]
    if registration.node_id not in ids:
        raise RunEnded("this node came after all that the run wants")
    rank = ids.index(registration.node_id)
    context.logs.add(keys.agent_log(rank), context.paths.agent_log)
    _log.info("this is node %d of %d: %s", rank, len(ids), registration)
    return inventory, rank


def prepare(assignment: Assignment) -> None:
    """The common directories, and a working directory for each task of this node. The source stays where other trials
    need it, too."""
    source, shared = assignment.paths.bundle / "source", assignment.folders.shared
    make_common(shared)
    for task in assignment.tasks:
        last = task == assignment.tasks[-1] and not assignment.paths.trial
        make_workspace(source, assignment.working_directory(task), shared, last=last)


def assign(
    context: AgentContext, inventory: Inventory, rank: int, folders: TaskFolders, given: Gathered, *, own_machines: bool
) -> Assignment:
    """The plan as these nodes can run it, with a warning for all that is not as the manifest asked for it. The nodes of
    a pool have no tasks: each trial of the tune has its own."""
    plan, nodes, warnings = context.plan, inventory.nodes, list[str]()
    without = sum(node.gpus == 0 for node in nodes)
    if plan.use_gpu and without:
        warnings.append(f"{without} of {len(nodes)} nodes have no GPU")
    if backend(plan.backend).launcher and has_only_loopback(inventory, ROUTES):
        plan = on_one_host(plan)
        warnings.append(notice(plan))
    if slow := missing_infiniband(plan, inventory, own_machines=own_machines):
        warnings.append(slow)
    for warning in warnings:
        _log.warning("%s", warning)
    found = find_links(context.identity.address)
    _log.info("links of this node: %s", found)
    links = agreed(found, inventory)
    # NCCL reads the user's file before the image's, and lets variables win over both (nccl, src/misc/param.cc).
    no_graphs = context.paths.state / "no-graphs.xml"
    no_graphs.write_text(NO_GRAPHS, "utf-8")
    settings = {**read_settings((folders.home / ".nccl.conf", _NCCL_CONF)), **context.inherited}
    return Assignment(
        run=context.settings.run,
        plan=replace(plan, tasks=()) if plan.pool else plan,
        inventory=inventory,
        node=rank,
        paths=context.paths,
        folders=folders,
        inherited=context.inherited,
        warnings=tuple(warnings),
        given=given,
        links=links,
        defaults={**nccl_variables(plan, links, settings, no_graphs), **ucx_variables(plan, links)},
    )


def _machine_folder(name: str) -> Path:
    """One for all runs of this user on this machine, wherever each keeps its temporary files."""
    return Path("/tmp") / f"tfinfra-{name}-{os.geteuid()}"  # noqa: S108  what is made in it is for this user alone
