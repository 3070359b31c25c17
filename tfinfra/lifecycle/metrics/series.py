"""Points in rows: one for each metric of each task, in the order in which they were logged. A run may have logged
tens of millions: a row holds no more of each point than what is asked of it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from tfinfra.model import Point


@dataclass
class Summary:
    """How the metric `name` that `task` logged stands: `count` values, the `last` one, the `least` and the `most` of
    those that are neither NaN nor infinite (None where all are). `run` is the id of a further MLflow run, "" for the
    run itself."""

    name: str
    task: str
    run: str
    last: Point
    count: int = 0
    least: float | None = None
    most: float | None = None

    def add(self, point: Point) -> None:
        self.last, self.count = point, self.count + 1
        if math.isfinite(point.value):
            self.least = point.value if self.least is None else min(self.least, point.value)
            self.most = point.value if self.most is None else max(self.most, point.value)


@dataclass
class Series:
    """The points of one row, in their order: the steps, values and times (Unix seconds) of `summary.count` points."""

    summary: Summary
    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    times: array[float] = field(default_factory=lambda: array("d"))

    def add(self, point: Point) -> None:
        self.summary.add(point)
        self.steps.append(point.step)
        self.values.append(point.value)
        self.times.append(point.time)


def summaries(points: Iterable[Point]) -> list[Summary]:
    """The rows, in the order in which each was first seen."""
    found: dict[tuple[str, str, str], Summary] = {}
    for point in points:
        key = point.name, point.task, point.run
        if key not in found:
            found[key] = Summary(*key, point)
        found[key].add(point)
    return list(found.values())


def all_series(points: Iterable[Point]) -> list[Series]:
    """The rows with their points, in the order in which each was first seen."""
    found: dict[tuple[str, str, str], Series] = {}
    for point in points:
        key = point.name, point.task, point.run
        if key not in found:
            found[key] = Series(Summary(*key, point))
        found[key].add(point)
    return list(found.values())


def values_by_name(points: Iterable[Point], leader: str | None) -> dict[str, float | list[float]]:
    """{name: its value, or all of them in their order where it was logged more than once}: the leader's of a metric
    that it logged, else those of all tasks by their time."""
    own: dict[str, array[float]] = {}
    others: dict[str, tuple[array[float], array[float]]] = {}
    names: dict[str, None] = {}
    for point in points:
        if point.run:
            continue
        names[point.name] = None
        if point.task == leader:
            own.setdefault(point.name, array("d")).append(point.value)
            others.pop(point.name, None)
        elif point.name not in own:
            times, values = others.setdefault(point.name, (array("d"), array("d")))
            times.append(point.time)
            values.append(point.value)
    rows = {name: own[name].tolist() if name in own else _by_time(*others[name]) for name in names}
    return {name: row[0] if len(row) == 1 else row for name, row in rows.items()}


def _by_time(times: array[float], values: array[float]) -> list[float]:
    return [values[i] for i in sorted(range(len(times)), key=times.__getitem__)]
