"""Puts roles on nodes: slots in the order of roles, equal and disjoint shares of a node's GPUs.

Rules of the manifest's "Tasks"; every backend says which node a role goes to and leaves the rest to `place`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tfinfra.model import Task

_ORDER_ON_A_NODE = ("chief", "worker", "ps", "evaluator")


@dataclass(frozen=True)
class Role:
    """A task before it has a slot. `trains`: it computes gradients, so it wants a share of its node's GPUs."""

    type: str
    index: int
    node: int
    trains: bool


def place(roles: Sequence[Role], gpus_per_node: int) -> tuple[Task, ...]:
    """The tasks of `roles`, in the order given, with slots counted on each node from 0."""
    return tuple(
        Task(f"{r.type}-{r.index}", r.type, r.index, r.node, _slot(roles, r), _gpus(roles, r, gpus_per_node))
        for r in roles
    )


def least_loaded(roles: Sequence[Role], node_count: int) -> int:
    """The node with the fewest roles, the last one on a tie."""
    load = Counter(r.node for r in roles)
    return min(range(node_count), key=lambda node: (load[node], -node))


def _slot(roles: Sequence[Role], role: Role) -> int:
    neighbours = sorted((r for r in roles if r.node == role.node), key=_rank_on_a_node)
    return neighbours.index(role)


def _rank_on_a_node(role: Role) -> tuple[int, int]:
    """Types that the order does not name come after it."""
    known = role.type in _ORDER_ON_A_NODE
    return _ORDER_ON_A_NODE.index(role.type) if known else len(_ORDER_ON_A_NODE), role.index


def _gpus(roles: Sequence[Role], role: Role, gpus_per_node: int) -> tuple[int, ...] | None:
    """None (all of them) for a node's only trainer, and for a node's evaluator where nobody trains there."""
    trainers = sorted((r for r in roles if r.node == role.node and r.trains), key=_rank_on_a_node)
    if trainers == [role] or (role.type == "evaluator" and not trainers):
        return None
    if role not in trainers:
        return ()
    share = gpus_per_node // len(trainers)
    first = trainers.index(role) * share
    return tuple(range(first, first + share))
