"""One trial on one node of the pool: a further run with the environment, inputs, secrets and bundle of the tune."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tfinfra.agent.agent_log import also_to
from tfinfra.agent.assignment import TaskFolders
from tfinfra.agent.boot.shared_directory import shared_of
from tfinfra.agent.boot.training_environment import environment_content
from tfinfra.agent.evidence.trial_witness import TrialWitness
from tfinfra.agent.join import JoinedNode, assign
from tfinfra.agent.metrics.node_metrics import TaskMetrics
from tfinfra.agent.node.agent_context import AgentContext, is_free
from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_records import read
from tfinfra.agent.node.ports import PortLease
from tfinfra.agent.node.temporary_folder import TemporaryFolder
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.part import beating, give_up_for, take_part
from tfinfra.agent.tasks.workspace import copy_folder
from tfinfra.agent.verdict.meanwhile import Meanwhile
from tfinfra.model import CollectedMark, Inventory, trial_plan
from tfinfra.model.trials import TrialAsked
from tfinfra.store import keys, store_errors
from tfinfra.system.strange_trees import remove_tree


def live(pool: AgentContext, node: JoinedNode, asked: TrialAsked, ranks: tuple[int, ...]) -> None:
    """This node's part in a trial, from its folders to their removal. What goes wrong with it is the trial's outcome;
    raises what the store raises where that cannot be told."""
    context = context_of_trial(pool, asked)
    temporary = node.temporary.path / asked.trial.rpartition("-")[2]  # short, for the sockets in it
    try:
        context.paths.make()
        with also_to(context.paths.agent_log), beating(context):
            take_part(context, lambda own: _take_place(own, node, ranks, temporary))
    except Exception as error:  # noqa: BLE001  the outermost edge of one trial: the node is there for the next one
        give_up_for(context, error)
    finally:
        _remove(temporary)
        _remove_what_is_home(context, leads=ranks[0] == node.assignment.node)


def context_of_trial(pool: AgentContext, asked: TrialAsked) -> AgentContext:
    """What the node is told of the trial. Its logs hide what the tune's do; what is announced of the node is told to
    both."""
    settings = replace(
        pool.settings,
        run=asked.trial,
        store=f"{pool.settings.store}/{keys.further_run(asked.trial)}",
        deadline=asked.deadline,
        limit=asked.limit,
        run_seconds=asked.run_seconds,
    )
    store = pool.open_store(settings.store)
    return replace(
        pool,
        settings=settings,
        plan=trial_plan(pool.plan, asked.arguments),
        paths=replace(pool.paths, run=asked.trial, trial=True),
        store=store,
        heartbeats=Heartbeats(store, pool.identity.node_id, pool.clock, beside=pool.heartbeats),
        logs=LogShipper(store, pool.clock, free=is_free(settings), within=pool.logs),
    )


def _take_place(context: AgentContext, node: JoinedNode, ranks: tuple[int, ...], temporary: Path) -> JoinedNode:
    """The node's place in the trial: its rank there is where it stands among the nodes that were asked. Raises
    NodeDiffers, RunEnded or RunStopped where there is nothing to do for it."""
    Meanwhile(context)()
    whole = node.assignment
    place = ranks.index(whole.node)
    context.logs.add(keys.agent_log(place), context.paths.agent_log)
    temporary.mkdir(mode=0o700)
    folders = replace(whole.folders, shared=_shared(context, whole.folders, leads=place == 0), temporary=temporary)
    inventory = Inventory(tuple(whole.inventory.nodes[rank] for rank in ranks))
    own_machines = environment_content(context).get("prebuilt") is None
    assignment = assign(context, inventory, place, folders, whole.given, own_machines=own_machines)
    metrics = TaskMetrics(context, folders.shared / "outputs/artifacts")
    metrics.start()
    assignment = replace(assignment, tracking=metrics.tracking)
    seen = TrialWitness(context, assignment, node.witness)
    seen.begin()
    return JoinedNode(assignment, PortLease(node.lease.base, 0, ()), TemporaryFolder(temporary), seen, metrics)


def _shared(context: AgentContext, pool: TaskFolders, *, leads: bool) -> Path:
    """The trial's common directory, which has the checkpoints to begin from, where the tune resumes any."""
    shared = shared_of(context)
    if context.plan.resume_from and leads:
        copy_folder(pool.shared / "checkpoints", shared / "checkpoints")
    return shared


def _remove_what_is_home(context: AgentContext, *, leads: bool) -> None:
    """The trial's folders: all that they have is in the store, or else they stay, as a run's do."""
    failures: tuple[type[Exception], ...] = (*store_errors(), NodeFault)
    try:
        shared, collected = shared_of(context), read(context.store, keys.COLLECTED, CollectedMark) is not None
    except failures:
        return
    own = shared == context.paths.local_shared
    if collected or not own:
        _remove(context.paths.state)
    if collected and leads and not own:
        _remove(shared)


def _remove(folder: Path) -> None:
    with suppress(OSError):
        remove_tree(folder)
