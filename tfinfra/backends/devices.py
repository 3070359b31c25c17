"""A task's share of its node: GPUs and threads, and its share of the data, as environment variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfinfra.model import Plan, Task

if TYPE_CHECKING:
    from tfinfra.model import Inventory


def device_variables(plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
    """CUDA_VISIBLE_DEVICES where the task does not see all GPUs; thread counts where it shares its node's cores."""
    variables = {}
    if task.gpus is not None:
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, task.gpus)) or "-1"
    neighbours = sum(t.node == task.node for t in plan.tasks)
    if neighbours > 1:
        threads = str(max(1, inventory.nodes[task.node].cores // neighbours))
        variables |= {"OMP_NUM_THREADS": threads, "TF_NUM_INTRAOP_THREADS": threads}
    return variables


def shard_variables(index: int, count: int) -> dict[str, str]:
    """Which of `count` equal parts of the data is this task's own."""
    return {"TFINFRA_SHARD_INDEX": str(index), "TFINFRA_SHARD_COUNT": str(count)}
