"""TF_CONFIG as typed values: which address each task of the cluster has, and which of them reads this one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfinfra.model import Plan, Task, to_json

if TYPE_CHECKING:
    from tfinfra.model import Inventory


@dataclass(frozen=True)
class TaskId:
    """Which task of the cluster one is."""

    type: str
    index: int


@dataclass(frozen=True)
class TfConfig:
    """The content of TF_CONFIG (tf.distribute.cluster_resolver.TFConfigClusterResolver). `cluster` maps a task type to
    "address:port" by index."""

    cluster: dict[str, tuple[str, ...]]
    task: TaskId
    environment: str = "cloud"

    def text(self) -> str:
        return json.dumps(to_json(self))


def address(inventory: Inventory, task: Task) -> str:
    """Where the task's server listens: its node's address, and the node's base port + the task's slot."""
    node = inventory.nodes[task.node]
    return f"{node.address}:{node.base_port + task.slot}"


def tf_config(plan: Plan, inventory: Inventory, task: Task) -> TfConfig:
    """An evaluator has a task type of its own and is not in the cluster, as tf.estimator.RunConfig wants it."""
    members = sorted((t for t in plan.tasks if t.type != "evaluator"), key=lambda t: (t.type, t.index))
    cluster: dict[str, tuple[str, ...]] = {}
    for member in members:
        cluster[member.type] = (*cluster.get(member.type, ()), address(inventory, member))
    return TfConfig(cluster, TaskId(task.type, task.index))
