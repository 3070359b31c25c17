"""How a plan's tasks are started, by the very functions that nodes use, with placeholders for what a run knows."""

from __future__ import annotations

from pathlib import Path

from tfinfra.agent.assignment import Assignment, Gathered, TaskFolders
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.backends.registry import backend
from tfinfra.locking.canonical import digest_of
from tfinfra.locking.document import LockedLaunch
from tfinfra.model import Inventory, NodeRegistration, Plan, Task
from tfinfra.model.entry import entry_of

_RUN = "${run}"
_SHELL = "${shell}"
_CORES = 8
_OF_MACHINES = ("HOME", "TMPDIR", "PATH", "no_proxy", "NO_PROXY")
"""Variables that a machine decides about."""


def launch_of(plan: Plan) -> LockedLaunch:
    """The launch line, the variables and the places of a plan's tasks."""
    assignment = _assignment(plan)
    return LockedLaunch(
        command=(*entry_of(plan.entry_script).words, *plan.arguments),
        launcher=_launcher(assignment) if backend(plan.backend).launcher is not None else (),
        variables=_variables(assignment),
        placement={task.name: _place(task) for task in plan.tasks},
    )


def _launcher(assignment: Assignment) -> tuple[str, ...]:
    from tfinfra.agent.tasks.mpi.mpirun_command import mpirun

    return tuple(mpirun(assignment, root=False, shell=_SHELL))


def _assignment(plan: Plan) -> Assignment:
    """Nodes as a run might get them: addresses of the documentation's network (RFC 5737), as many GPUs as planned."""
    nodes = tuple(
        NodeRegistration(
            node_id=f"node-{number}",
            hostname=f"node-{number}",
            address=f"192.0.{2 + number // 250}.{1 + number % 250}",
            network=None,
            base_port=plan.base_port,
            cores=_CORES,
            gpus=plan.gpus_per_node,
        )
        for number in range(plan.node_count)
    )
    node = Path("/node")
    folders = TaskFolders(shared=node / "shared", home=node, temporary=node, environment=node / "environment")
    inputs = {one.name: node / "inputs" / one.name for one in plan.inputs}
    return Assignment(_RUN, plan, Inventory(nodes), 0, NodePaths(node), folders, {}, given=Gathered(inputs))


def _variables(assignment: Assignment) -> dict[str, str]:
    """{name: its value, or the digest of {task: value} where it differs by task}."""
    by_task = {task.name: task_variables(assignment, task) for task in assignment.plan.tasks}
    names = sorted({name for one in by_task.values() for name in one} - {*_OF_MACHINES})
    found = {}
    for name in names:
        values = {task: one[name] for task, one in by_task.items() if name in one}
        common = set(values.values())
        alike = len(common) == 1 and len(values) == len(by_task)
        found[name] = common.pop() if alike else digest_of(values)
    return found


def _place(task: Task) -> str:
    gpus = "all GPUs" if task.gpus is None else f"GPUs {', '.join(map(str, task.gpus))}" if task.gpus else "no GPU"
    return f"node {task.node}, slot {task.slot}, {gpus}"
