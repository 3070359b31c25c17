"""The nodes of a tune's pool: which of them are free, and which will never be again."""

from __future__ import annotations

from collections.abc import Iterable


class PoolPlaces:
    """`count` nodes, by their ranks, of which each trial takes `per_trial`. Beside them a trial has the number of a
    slot, the lowest that is free."""

    def __init__(self, count: int, per_trial: int) -> None:
        self._per_trial = per_trial
        self._free = set(range(count))
        self._alive = set(range(count))
        self._slots = set(range(count // per_trial))

    @property
    def at_once(self) -> int:
        """How many trials the nodes that are left can live at the same time."""
        return len(self._alive) // self._per_trial

    @property
    def has_room(self) -> bool:
        return len(self._free) >= self._per_trial

    def take(self) -> tuple[int, tuple[int, ...]]:
        """A slot, and the free nodes of the lowest ranks, which are not free from now on. There must be room."""
        nodes = tuple(sorted(self._free)[: self._per_trial])
        slot = min(self._slots)
        self._free.difference_update(nodes)
        self._slots.remove(slot)
        return slot, nodes

    def give_back(self, slot: int, nodes: Iterable[int]) -> None:
        """The nodes of a trial that has ended. Those that are lost stay so."""
        self._free.update(self._alive.intersection(nodes))
        self._slots.add(slot)

    def lose(self, rank: int) -> bool:
        """Whether the node was there until now: no trial is asked of it any more, also where it comes back."""
        if rank not in self._alive:
            return False
        self._alive.remove(rank)
        self._free.discard(rank)
        return True

    def has(self, nodes: Iterable[int]) -> bool:
        """Whether none of these is lost."""
        return self._alive.issuperset(nodes)
