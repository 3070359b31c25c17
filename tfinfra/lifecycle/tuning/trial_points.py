"""What the leading task of a trial logs, read as it comes: the values of the primary metric, and which metrics there
are at all."""

from __future__ import annotations

from tfinfra.lifecycle.watch.latest_metric import points_at
from tfinfra.store import ObjectStore, keys

_AT_A_TIME = 50
_MOST_NAMES = 100


class TrialPoints:
    """`values` are those of `metric` in the order in which `leader` logged them: one interval each. `others` are the
    names of the other metrics, as many as a person reads. A further MLflow run's points are not the trial's own."""

    def __init__(self, store: ObjectStore, leader: str, metric: str) -> None:
        self.values: list[float] = []
        self.others: dict[str, None] = {}
        self._store = store
        self._leader = leader
        self._metric = metric
        self._next = 0

    def look(self) -> bool:
        """Reads what is new; whether there may be more of it. Raises what the store raises: the next look goes on
        there."""
        for _ in range(_AT_A_TIME):
            points = points_at(self._store, self._leader, keys.metrics_key(self._leader, self._next))
            if points is None:
                return False
            self._next += 1
            for point in points:
                if point.run:
                    continue
                if point.name == self._metric:
                    self.values.append(point.value)
                elif len(self.others) < _MOST_NAMES:
                    self.others[point.name] = None
        return True

    def look_to_the_end(self) -> None:
        """Of a trial that has ended."""
        while self.look():
            pass
