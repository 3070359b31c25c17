"""What a `distributed_backend` is: where its tasks go, what each of them sees, when the run has ended, and all else by
which it differs from the others. Nothing outside this package compares a backend's name.

All methods are pure: the same functions run in the compiler, on the nodes and in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from tfinfra.errors import Result
from tfinfra.model import Plan, Spec, Task

if TYPE_CHECKING:
    from tfinfra.model import Inventory, TaskStatus


@dataclass(frozen=True)
class Verdict:
    """What the statuses say. `leader_done`: the leader ended with 0 and the others are given their grace.

    `result` is None while the run goes on, else succeeded or failed; `task` is the first failing task; `waiting`
    names the tasks that the run still waits for after the leader's end (each for at most `Backend.grace`).
    """

    result: Result | None
    message: str = ""
    task: str | None = None
    leader_done: bool = False
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScriptSign:
    """A name by which a script shows that it was written for a backend.

    `names` are dotted; with `anywhere` their last part alone counts. `what` is how a person calls it; `misfit` the
    beginning of a warning about another backend, whose name follows, "" where there is nothing to warn of. `needed`: a
    script that has it cannot do without; `standalone`: it works without any backend too; `strategy`: a script may have
    others beside it, to choose from. `dialect` is the one of TF_CONFIG that it understands. `keras3`: Keras 3's `fit`
    works under it.
    """

    names: tuple[str, ...]
    what: str
    misfit: str
    anywhere: bool = False
    needed: bool = False
    standalone: bool = False
    strategy: bool = False
    dialect: str | None = None
    keras3: bool = True


@dataclass(frozen=True)
class GpuUse:
    """Which tasks share a node's GPUs: `per_node` is how many on each node that has any ({node: count}), `noun` what
    one is called, `key` the manifest's key for their number. `one_each`: each takes one GPU, else equal shares."""

    key: str
    noun: str
    per_node: Mapping[int, int]
    one_each: bool


class Backend(Protocol):
    """One file of this package for each value of `distributed_backend`, which inherits what it does not say.

    Seven have no default, and each backend says them: `name`, `meaning`, `example`, `tasks`, `task_count`,
    `environment` and `verdict`. mypy refuses, in registry.py, one that leaves any of them out.
    """

    name: str
    meaning: str
    """What it is, in a few words."""
    also_called: tuple[str, ...] = ()
    """What people write for its name, in lower case."""
    keys: tuple[str, ...] = ()
    """The manifest's keys that mean nothing without it."""
    example: str
    """The manifest of examples/digits that a project with it begins as, without its ending."""
    first_keys: Mapping[str, str | int] = MappingProxyType({})
    """The manifest's keys of a first run with it: on two nodes, where it takes more than one."""
    count_key: str = "node_count"
    """The key that says how many tasks there are."""
    many_nodes: bool = True
    """Whether it takes more than one node."""
    binds_ports: bool = False
    """Whether its tasks listen at the addresses that the inventory gives them."""
    gives_tf_config: bool = False
    """Whether each task has a TF_CONFIG with the addresses of all."""
    launcher: str | None = None
    """The program that starts its tasks on all nodes, as its log is called; None where each node starts its own. Nodes
    know one, mpirun (agent/tasks/mpi/mpi_tasks.py): another needs its NodeTasks in agent/train.py."""
    horovod: bool = False
    """Whether its environment has Horovod and Open MPI, which average gradients."""
    averages: bool = False
    """Whether gradients go between all nodes at each step: what links them decides its speed."""
    over_ethernet: str = ""
    """Which traffic goes over Ethernet though the nodes may have InfiniBand; "" where none does."""
    gpus_only: bool = False
    """Whether that holds for nodes without GPUs alone: between GPUs NCCL finds InfiniBand."""
    joining: str = ""
    """What a task has not done that hangs in its start-up, while the others wait for it without a word; "" where nodes
    do not see that."""
    signs: tuple[ScriptSign, ...] = ()
    without_sign: tuple[str, str, tuple[str, ...]] | None = None
    """(what each task does, the way out, other names that do as well) of a script without any of the signs; None where
    it is well without."""

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        """All tasks in launch order, placed on nodes; the first is the leader."""

    def task_count(self, spec: Spec) -> int:
        """How many `tasks` there will be, before any is made."""

    def gpu_use(self, spec: Spec, tasks: Sequence[Task]) -> GpuUse | None:
        """Which tasks share the GPUs of the nodes; None where each node has one task, which takes them all."""
        del spec, tasks
        return None

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        """The backend's own variables of one task: TF_CONFIG, thread counts, CUDA_VISIBLE_DEVICES, …"""

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        """How the run stands, from the status of every task that has one."""

    def grace(self, task: Task) -> float:
        """Seconds that `task` may go on after the leader's end with 0."""
        del task
        return 0.0

    def restarts(self, plan: Plan, task: Task) -> int:
        """How often the task's node starts it again where it ends before the leader does."""
        del plan, task
        return 0


def leader(tasks: Sequence[Task]) -> Task:
    """The task whose end with 0 ends the run."""
    return tasks[0]
