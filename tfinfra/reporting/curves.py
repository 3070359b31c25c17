"""Curves of metrics, thinned: a run may have logged millions of points, of which a page draws some hundred. Of each
stretch that is thinned its lowest and its highest point stay, so that no peak is lost, and a stretch that holds a value
that is no number is a gap."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tfinfra.model import Point

MOST = 400
"""Points of a curve that are kept, at most."""


@dataclass(frozen=True)
class Dot:
    """A point of a curve."""

    step: int
    time: float
    value: float


@dataclass(frozen=True)
class Curve:
    """The metric `name` that `task` logged, of the further MLflow run `run` ("" for the run itself): `count` values, of
    which `odd` are NaN or infinite; `least` and `most` are of all the others, `last` is the last one logged. `lines`
    are the dots that are left, with a gap between two lines; `thinned` where not all are."""

    name: str
    task: str
    run: str
    lines: tuple[tuple[Dot, ...], ...]
    count: int
    odd: int
    last: float
    least: float | None
    most: float | None
    thinned: bool = False


@dataclass
class _Stretch:
    """Points that follow each other: the lowest and the highest of them, in their order; `gap`: before or among them
    is a value that is no number, or the steps begin anew."""

    first: Dot
    second: Dot | None
    gap: bool

    def merged(self, after: _Stretch) -> _Stretch:
        """With the one after it."""
        dots = [dot for each in (self, after) for dot in (each.first, each.second) if dot is not None]
        low = min(range(len(dots)), key=lambda i: dots[i].value)
        high = max(range(len(dots)), key=lambda i: dots[i].value)
        first, second = sorted((low, high))
        return _Stretch(dots[first], dots[second] if second != first else None, self.gap or after.gap)


class CurveInTheMaking:
    """Takes the points of one curve, in their order, and holds no more than a page can show of them."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self._stretches: list[_Stretch] = []
        self._open: _Stretch | None = None
        self._taken = 0  # points of the open stretch
        self._size = 1  # points of a whole one
        self._gap = False
        self._step = point.step
        self.count = self.odd = 0
        self.last = point.value
        self.least: float | None = None
        self.most: float | None = None

    def add(self, point: Point) -> None:
        value = self.last = point.value
        self.count += 1
        self._gap = self._gap or point.step < self._step
        self._step = point.step
        if not math.isfinite(value):
            self.odd += 1
            self._gap = True
            return
        self.least = value if self.least is None or value < self.least else self.least
        self.most = value if self.most is None or value > self.most else self.most
        new = _Stretch(Dot(point.step, point.time, value), None, self._gap)
        self._gap = False
        self._open = new if self._open is None else self._open.merged(new)
        self._taken += 1
        if self._taken >= self._size:
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._stretches.append(self._open)
        self._open, self._taken = None, 0
        if len(self._stretches) >= MOST:
            pairs = zip(self._stretches[::2], self._stretches[1::2], strict=True)
            self._stretches = [one.merged(other) for one, other in pairs]
            self._size *= 2

    def curve(self) -> Curve:
        """What has come so far."""
        lines: list[list[Dot]] = []
        for stretch in (*self._stretches, *((self._open,) if self._open else ())):
            if stretch.gap or not lines:
                lines.append([])
            lines[-1] += [dot for dot in (stretch.first, stretch.second) if dot is not None]
        of, drawn = self._point, tuple(map(tuple, lines))
        thinned = sum(map(len, drawn)) < self.count - self.odd
        return Curve(of.name, of.task, of.run, drawn, self.count, self.odd, self.last, self.least, self.most, thinned)


def curves_of(points: Iterable[Point]) -> list[Curve]:
    """A curve for each metric of each task, in the order in which each was first seen."""
    making: dict[tuple[str, str, str], CurveInTheMaking] = {}
    for point in points:
        key = point.name, point.task, point.run
        if key not in making:
            making[key] = CurveInTheMaking(point)
        making[key].add(point)
    return [each.curve() for each in making.values()]
