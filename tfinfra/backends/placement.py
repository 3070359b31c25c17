"""Puts tasks on nodes: slots in the order of their types, equal and disjoint shares of a node's GPUs.

Rules of the manifest's "Tasks"; every backend says which node a task goes to and leaves the rest to `place`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tfinfra.model import Task

_ORDER_ON_A_NODE = ("chief", "worker", "ps", "evaluator")


@dataclass(frozen=True)
class UnplacedTask:
    """A task before it has a slot. `trains`: it computes gradients, so it wants a share of its node's GPUs."""

    type: str
    index: int
    node: int
    trains: bool


def place(tasks: Sequence[UnplacedTask], gpus_per_node: int) -> tuple[Task, ...]:
    """The `tasks`, in the order given, with slots counted on each node from 0."""
    placed = []
    for task in tasks:
        neighbours = sorted((t for t in tasks if t.node == task.node), key=_rank_on_a_node)
        slot, gpus = neighbours.index(task), _gpus(tasks, task, gpus_per_node)
        placed.append(Task(f"{task.type}-{task.index}", task.type, task.index, task.node, slot, gpus))
    return tuple(placed)


def least_loaded(tasks: Sequence[UnplacedTask], node_count: int) -> int:
    """The node with the fewest tasks, the last one on a tie."""
    load = Counter(t.node for t in tasks)
    return min(range(node_count), key=lambda node: (load[node], -node))


def _rank_on_a_node(task: UnplacedTask) -> tuple[int, int]:
    """Types that the order does not name come after it."""
    known = task.type in _ORDER_ON_A_NODE
    return _ORDER_ON_A_NODE.index(task.type) if known else len(_ORDER_ON_A_NODE), task.index


def _gpus(tasks: Sequence[UnplacedTask], task: UnplacedTask, gpus_per_node: int) -> tuple[int, ...] | None:
    """None (all of them) for a node's only trainer, and for a node's evaluator where no other task trains there."""
    trainers = sorted((t for t in tasks if t.node == task.node and t.trains), key=_rank_on_a_node)
    if trainers == [task] or (task.type == "evaluator" and not trainers):
        return None
    if task not in trainers:
        return ()
    share = gpus_per_node // len(trainers)
    first = trainers.index(task) * share
    return tuple(range(first, first + share))
