"""What the leading task of a trial logs, read as it comes: the values of the primary metric, and which metrics there
are at all."""

from __future__ import annotations

import hashlib

from tfinfra.store import ObjectStore, OddObject, keys, points_in

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
        self._read = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of all that the leader logged, as far as it was read: that of its file at home."""
        return self._read.hexdigest()

    def look(self) -> bool:
        """Reads what is new; whether there may be more of it. Raises what the store raises: the next look goes on
        there."""
        for _ in range(_AT_A_TIME):
            data = self._chunk()
            if data is None:
                return False
            self._next += 1
            self._read.update(data)
            for point in points_in(self._leader, data)[0]:
                if point.run:
                    continue
                if point.name == self._metric:
                    self.values.append(point.value)
                elif len(self.others) < _MOST_NAMES:
                    self.others[point.name] = None
        return True

    def _chunk(self) -> bytes | None:
        try:
            return self._store.get(keys.metrics_key(self._leader, self._next))
        except OddObject:
            return b""

    def look_to_the_end(self) -> None:
        """Of a trial that has ended."""
        while self.look():
            pass
