"""Lists that lag: ARM answers them from a cache, so that what has just changed is seen by its id at once and by lists
later (Azure/AKS#1964, Azure/azure-rest-api-specs#21221)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tfinfra.localcloud.common.state import ArmResource


@dataclass
class LaggingLists:
    """`seconds` gives by how much lists lag, `now` the time."""

    now: Callable[[], float]
    seconds: Callable[[], float]
    _changes: list[tuple[float, str, ArmResource | None]] = field(default_factory=list)

    def note(self, id_: str, before: ArmResource | None) -> None:
        """Notes that `id_` changes now; `before` is what had the id."""
        if self.seconds() > 0:
            self._changes.append((self.now(), id_.lower(), before))

    def seen(self, resources: Iterable[ArmResource]) -> list[ArmResource]:
        """The resources as lists show them, given all of them: the latest changes are not seen."""
        self._changes = [c for c in self._changes if c[0] > self.now() - self.seconds()]
        if not self._changes:
            return list(resources)
        stale: dict[str, ArmResource | None] = {}
        for _, id_, before in self._changes:
            stale.setdefault(id_, before)
        shown = [stale.pop(r.id.lower(), r) for r in resources]
        return [r for r in (*shown, *stale.values()) if r is not None]
