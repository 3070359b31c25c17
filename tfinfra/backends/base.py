"""What a `distributed_backend` is: where its tasks go, what each of them sees, and when the run has ended.

All methods are pure: the same functions run in the compiler, on the nodes and in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tfinfra.model import Inventory, Plan, Spec, Task, TaskStatus


@dataclass(frozen=True)
class Verdict:
    """What the statuses say. `leader_done`: the leader ended with 0 and the others are given their grace.

    `result` is None while the run goes on, else "succeeded" or "failed"; `task` is the first failing task; `waiting`
    names the tasks that the run still waits for after the leader's end (each for at most `Backend.grace`).
    """

    result: str | None
    message: str = ""
    task: str | None = None
    leader_done: bool = False
    waiting: tuple[str, ...] = ()


class Backend(Protocol):
    """One file of this package for each value of `distributed_backend`."""

    name: str

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        """All tasks in launch order, placed on nodes; the first is the leader."""

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        """The backend's own variables of one task: TF_CONFIG, thread counts, CUDA_VISIBLE_DEVICES, …"""

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        """How the run stands, from the status of every task that has one."""

    def grace(self, task: Task) -> float:
        """Seconds that `task` may go on after the leader's end with 0."""

    def restarts(self, plan: Plan, task: Task) -> int:
        """How often the task's node starts it again where it ends before the leader does."""


def leader(tasks: Sequence[Task]) -> Task:
    """The task whose end with 0 ends the run."""
    return tasks[0]
