"""The mpirun line and what its processes see, from nothing but values (Open MPI 5.0.11 of its pip package).

Order of the hostfile is rank order. `ob1` on TCP because the other components cost a second at start and Horovod's bulk
goes over NCCL where there are GPUs. Where InfiniBand is there and no GPU, the bulk is MPI's own: then Open MPI chooses
between ucx, which it takes where UCX comes up on such a device, and ob1; cm alone is left out, for `pml ucx,ob1` takes
ucx or ends. The keepalives notice a silent node after 6 seconds instead of 8 minutes; without
`--bind-to none` a rank is pinned to one core.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.devices.nccl import mpi_over_infiniband
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.model import Inventory, Plan
from tfinfra.model.entry import entry_of
from tfinfra.model.script_variables import shell_word

_RANK_COMMAND = (
    "export TFINFRA_SHARD_INDEX=$OMPI_COMM_WORLD_RANK; "
    'exec $TFINFRA_NODE_DIE_WITH_PARENT sh "$TFINFRA_NODE_RANK_SCRIPT"'
)
_KEEPALIVE = {"oob_tcp_keepalive_time": "3", "oob_tcp_keepalive_intvl": "1", "oob_tcp_keepalive_probes": "3"}


def host_names(inventory: Inventory) -> tuple[str, ...]:
    """What Open MPI calls the nodes: their own names, or made-up ones where several nodes share a name."""
    names = [node.hostname for node in inventory.nodes]
    if are_unique(inventory):
        return tuple(names)
    return tuple(f"tfinfra-node-{rank}" for rank in range(len(names)))


def are_unique(inventory: Inventory) -> bool:
    return max(Counter(node.hostname for node in inventory.nodes).values()) == 1


def hostfile(plan: Plan, inventory: Inventory) -> str:
    """One line for each node that has ranks, in rank order."""
    used = {task.node for task in plan.tasks}
    names = [name for node, name in enumerate(host_names(inventory)) if node in used]
    return "".join(f"{name} slots={plan.processes_per_node}\n" for name in names)


def mpirun(assignment: Assignment, *, root: bool, shell: str) -> list[str]:
    """mpirun's argument vector; `shell` is the path of remote_shell.sh, made executable. It contains no path that
    differs between nodes but those that only mpirun itself reads."""
    plan, nodes = assignment.plan, assignment.inventory.nodes
    prte = {"plm_ssh_agent": shell, "plm_ssh_no_tree_spawn": "1", "plm_ssh_num_concurrent": str(len(nodes) + 1)}
    network = nodes[0].network
    interface = {"prte_if_include": network} if network else {}
    transport = "^cm" if mpi_over_infiniband(plan, assignment.links) else "ob1"
    # expanded by each rank's own shell, which knows its shard: paths differ between nodes that share a machine
    words = " ".join([*map(shlex.quote, entry_of(plan.entry_script).words), *map(shell_word, plan.arguments)])
    btl_interface = {"btl_tcp_if_include": network} if network else {}
    return [
        str(assignment.folders.environment / "bin/mpirun"),
        *(["--allow-run-as-root"] if root else []),
        *("--hostfile", str(assignment.paths.state / "hostfile"), "--map-by", f"ppr:{plan.processes_per_node}:node"),
        *("-n", str(len(plan.tasks)), "--bind-to", "none", "--stdin", "none", "--wdir", "/"),
        *("--leave-session-attached",),  # prted stays the agent's child, so that it dies with it
        *_parameters("--prtemca", {**prte, **_KEEPALIVE, **interface}),
        *_parameters("--mca", {"pml": transport, "btl": "self,sm,tcp", **btl_interface}),
        # one word for the shell, for mpirun takes a word ":" as the end of one program and the begin of another
        *("sh", "-c", f"{_RANK_COMMAND} {words}"),
    ]


def launcher_variables(assignment: Assignment, die_with_parent: Sequence[str]) -> dict[str, str]:
    """The environment of mpirun and of prted: that of the node's tasks (Open MPI carries none of it from node to node),
    and where this node's ranks find what is its own."""
    paths = assignment.paths
    return {
        **task_variables(assignment, next(iter(assignment.tasks), assignment.plan.tasks[0])),
        **dict.fromkeys(("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"), "1"),
        **dict.fromkeys(("PRTE_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM"), "1"),
        "MLFLOW_TRACKING_TOKEN": assignment.tracking.secret,
        "TFINFRA_NODE_LOGS": str(paths.logs),
        "TFINFRA_NODE_METRICS": str(paths.metrics),
        "TFINFRA_NODE_RANKS": str(paths.ranks),
        "TFINFRA_NODE_WORK": str(paths.work),
        "TFINFRA_NODE_SPOOL": str(paths.spool),
        "TFINFRA_NODE_PYTHON": str(assignment.folders.python),
        "TFINFRA_NODE_RANK_SCRIPT": str(paths.state / "rank.sh"),
        "TFINFRA_NODE_DIE_WITH_PARENT": " ".join(die_with_parent),
    }


def prted_variables(inventory: Inventory, rank: int) -> dict[str, str]:
    """Where nodes share a host name, PRRTE's slurm component takes the node's name from the environment."""
    if are_unique(inventory):
        return {}
    return {"SLURMD_NODENAME": host_names(inventory)[rank], "SLURM_NODEID": "0", "SLURM_JOBID": "1"}


def prted_command(inventory: Inventory, command: str) -> str:
    """The shell command that mpirun asked for; see prted_variables."""
    return command if are_unique(inventory) else command.replace('--prtemca ess "env"', '--prtemca ess "slurm"')


def _parameters(flag: str, values: dict[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in (flag, name, value)]
