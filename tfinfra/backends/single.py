"""No `distributed_backend`: one task on one node, and the script sees all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tfinfra.backends.base import Backend, Verdict, leader
from tfinfra.backends.devices import shard_variables
from tfinfra.backends.statuses import failed, first_failure, succeeded
from tfinfra.errors import Result
from tfinfra.model import Plan, Spec, Task

if TYPE_CHECKING:
    from tfinfra.model import Inventory, TaskStatus


class Single(Backend):
    name = "single"
    meaning = "one task"
    example = "single"
    many_nodes = False

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        del spec, gpus_per_node
        return (Task("main-0", "main", 0, node=0, slot=0, gpus=None),)

    def task_count(self, spec: Spec) -> int:
        del spec
        return 1

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        del plan, inventory, task
        return shard_variables(0, 1)

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        if failure := first_failure(statuses.values()):
            return failed(failure)
        if succeeded(statuses, leader(plan.tasks).name):
            return Verdict(Result.SUCCEEDED, "the script ended with exit status 0", leader_done=True)
        return Verdict(None)
