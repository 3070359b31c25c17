"""Points in rows: one for each metric of each task, in the order in which they were logged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tfinfra.model import Point


@dataclass(frozen=True)
class Wanted:
    """Which metrics are wanted: those of these names and tasks (empty: any), with `nodes` the nodes' figures too."""

    names: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    nodes: bool = False

    def takes(self, point: Point, is_of_node: Callable[[str], bool]) -> bool:
        """Whether the point is one of those."""
        if self.names and point.name not in self.names:
            return False
        return point.task in self.tasks if self.tasks else self.nodes or not is_of_node(point.task)


@dataclass
class Series:
    """The points of the metric `name` that `task` logged, in their order; `run` is the id of a further MLflow run, ""
    for the run itself."""

    name: str
    task: str
    run: str
    points: list[Point] = field(default_factory=list)

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def finite(self) -> list[float]:
        """The values that are numbers: neither NaN nor infinite."""
        return [point.value for point in self.points if math.isfinite(point.value)]


def all_series(points: Iterable[Point], wanted: Wanted, is_of_node: Callable[[str], bool]) -> list[Series]:
    """The wanted rows, in the order in which each was first seen."""
    found: dict[tuple[str, str, str], Series] = {}
    for point in points:
        if not wanted.takes(point, is_of_node):
            continue
        key = point.name, point.task, point.run
        if key not in found:
            found[key] = Series(*key)
        found[key].points.append(point)
    return list(found.values())


def values_by_name(points: Iterable[Point], leader: str | None) -> dict[str, float | list[float]]:
    """{name: its value, or all of them in their order where it was logged more than once}: the leader's of a metric
    that it logged, else those of all tasks by their time."""
    by_name: dict[str, list[Point]] = {}
    for point in points:
        if not point.run:
            by_name.setdefault(point.name, []).append(point)
    values: dict[str, float | list[float]] = {}
    for name, logged in by_name.items():
        own = [point for point in logged if point.task == leader]
        rows = [point.value for point in own or sorted(logged, key=lambda point: point.time)]
        values[name] = rows[0] if len(rows) == 1 else rows
    return values
