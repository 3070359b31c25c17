"""Which nodes of a run are meant, by their ranks in its inventory."""

from __future__ import annotations

from tfinfra.errors import UsageError
from tfinfra.model import Inventory
from tfinfra.store import LARGE, ObjectStore, keys, readable


def nodes_of(run: str, store: ObjectStore, node: int | None) -> tuple[int, ...]:
    """The node of that rank, all nodes with None. Raises UsageError for one that the run has not."""
    inventory = readable(store, keys.INVENTORY, Inventory, LARGE)
    if inventory is None:
        raise UsageError(f"the nodes of {run} have not met yet", hint=f"`tfinfra status {run}` says how far it is")
    count = len(inventory.nodes)
    if node is None:
        return tuple(range(count))
    if node >= count:
        raise UsageError(
            f"{run} has no node {node}", hint=f"its nodes are 0 to {count - 1}" if count > 1 else "it has node 0"
        )
    return (node,)
