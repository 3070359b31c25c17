"""What a run's store says of the run, for a client that did not watch it: what can be read, and what cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tfinfra.lifecycle.record.in_store.left_files import read_left
from tfinfra.model import CollectedMark, Inventory, LeftFiles, NodeRegistration, Outcome, TaskStatus
from tfinfra.store import LARGE, ObjectStore, Unreadable, keys, read, read_all
from tfinfra.text.wording import by_number


@dataclass(frozen=True)
class StoreView:
    """The tasks as their nodes last saw them, by name; the nodes by rank; whether all outputs are in the store, None
    where no node said so; what tasks wrote elsewhere; and the records that are unreadable."""

    tasks: tuple[TaskStatus, ...] = ()
    nodes: tuple[NodeRegistration, ...] = ()
    collected: CollectedMark | None = None
    left: tuple[LeftFiles, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def read_view(store: ObjectStore) -> StoreView:
    """Raises what the store raises where it does not answer, and nothing for what lies in it."""
    tasks, odd = read_all(store, keys.TASKS, TaskStatus, lambda status: keys.task_key(status.task))
    inventory = read(store, keys.INVENTORY, Inventory, LARGE)
    collected = read(store, keys.COLLECTED, CollectedMark, LARGE)
    outcome = read(store, keys.OUTCOME, Outcome)
    return StoreView(
        tasks=tuple(sorted(tasks, key=lambda status: by_number(status.task))),
        nodes=inventory.nodes if isinstance(inventory, Inventory) else (),
        collected=collected if isinstance(collected, CollectedMark) else None,
        left=read_left(store),
        unreadable=tuple(each for each in (outcome, inventory, collected, *odd) if isinstance(each, Unreadable)),
    )


def how_it_ended(store: ObjectStore, now: float) -> Outcome | Unreadable | None:
    """The run's outcome, None while it goes on. An end that is yet to come, by a node's clock, is now."""
    found = read(store, keys.OUTCOME, Outcome)
    return replace(found, ended=min(found.ended, now)) if isinstance(found, Outcome) else found
