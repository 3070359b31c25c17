"""No `distributed_backend`: one task on one node, and the script sees all of it."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.backends.base import Verdict, leader
from tfinfra.backends.devices import shard_variables
from tfinfra.backends.statuses import failed, first_failure, succeeded
from tfinfra.model import Inventory, Plan, Spec, Task, TaskStatus


class Single:
    name = "single"

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        del spec, gpus_per_node
        return (Task("main-0", "main", 0, node=0, slot=0, gpus=None),)

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        del plan, inventory, task
        return shard_variables(0, 1)

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        if failure := first_failure(statuses.values()):
            return failed(failure)
        if succeeded(statuses, leader(plan.tasks).name):
            return Verdict("succeeded", "the script ended with exit status 0", leader_done=True)
        return Verdict(None)

    def grace(self, task: Task) -> float:
        del task
        return 0.0

    def restarts(self, plan: Plan, task: Task) -> int:
        del plan, task
        return 0
