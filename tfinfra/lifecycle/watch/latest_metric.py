"""The one value of a run's metrics that is shown beside its state: the primary metric's last one. That is the metric
which the manifest names (`metrics.primary`), else what the leader logged last; only the leader's points count."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfinfra.model import Point
from tfinfra.script import in_json
from tfinfra.store import ObjectStore, OddObject, keys, points_in
from tfinfra.system.plain_files import open_plain

_SEARCHED = 50
"""Chunks that are looked through from the end, at most."""
_AT_A_TIME = 50
_LAST_BYTES = 1 << 18


def points_at(store: ObjectStore, task: str, key: str) -> list[Point] | None:
    """The points of the chunk at `key`, None where there is none yet. Raises what the store raises."""
    try:
        data = store.get(key)
    except OddObject:
        return []
    return None if data is None else points_in(task, data)[0]


def latest_of(points: Iterable[Point], primary: str | None) -> Point | None:
    """The last point that counts, None where there is none. A further MLflow run's are not the run's own."""
    own = [point for point in points if not point.run and primary in (None, point.name)]
    return own[-1] if own else None


def latest_in_store(store: ObjectStore, leader: str, primary: str | None) -> Point | None:
    """The same out of the store of a run, from its end. Raises what the store raises."""
    for key in list(reversed(store.list(keys.metrics_folder(leader))))[:_SEARCHED]:
        found = latest_of(points_at(store, leader, key) or (), primary)
        if found is not None:
            return found
    return None


def latest_at_home(results: Path, leader: str, primary: str | None) -> Point | None:
    """The same out of the files that came home."""
    file = open_plain(results, f"{keys.METRICS}/{leader}.jsonl")
    if file is None:
        return None
    with suppress(OSError), file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
        return latest_of(points_in(leader, file.read(_LAST_BYTES))[0], primary)
    return None


class MetricReader:
    """Follows the leader's points in a run's store."""

    def __init__(self, store: ObjectStore, leader: str, primary: str | None) -> None:
        self._store = store
        self._leader = leader
        self._primary = primary
        self._next = 0

    def new(self) -> Point | None:
        """The last value that has come since the call before, None where there is none. Raises what the store raises;
        the next call goes on there."""
        latest: Point | None = None
        for _ in range(_AT_A_TIME):
            points = points_at(self._store, self._leader, keys.metrics_key(self._leader, self._next))
            if points is None:
                break
            self._next += 1
            latest = latest_of(points, self._primary) or latest
        return latest


def metric_text(name: str, value: float, step: int) -> str:
    """ "val_accuracy 0.9531 at step 12"."""
    return f"{name} {value:.4g} at step {step}"


def latest_document(point: Point) -> dict[str, Any]:
    """The point as documents have it."""
    value = in_json(point.value)
    return {"name": point.name, "task": point.task, "step": point.step, "value": value, "time": point.time}
