"""A tune's trials as drawings: parallel coordinates, the best so far, and the primary metric of each trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from tfinfra.model import Point
from tfinfra.reporting.charts import Chart, Line, metric_charts
from tfinfra.reporting.curves import curves_of
from tfinfra.reporting.scales import HEIGHT, WIDTH, Mark, Scale, marks
from tfinfra.reporting.spelling import number
from tfinfra.reporting.values import Scalar, Search, TrialLine
from tfinfra.text.wording import count

SHADES = 5
"""Groups of trials by their value, from the worst to the best, each with a colour of its own."""
MOST_AXES = 20
_MOST_NAMED = 12
_APART, _LEAST_WIDE, _TOP, _HIGH, _SIDE = 150, 1080, 44, 300, 70


@dataclass(frozen=True)
class Axis:
    """A parameter, or the metric: where it stands, and its marks in units from the top."""

    name: str
    x: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class TrialPath:
    """A trial's line. `shade` from 1 (worst) to SHADES (best), 0 without a value; `best` is the best trial of all."""

    number: int
    path: str
    shade: int
    best: bool


@dataclass(frozen=True)
class Parallel:
    """Parallel coordinates in `wide` by `high` units, the axes from `top` down. `more` parameters have no axis."""

    axes: tuple[Axis, ...]
    trials: tuple[TrialPath, ...]
    wide: int
    top: int
    high: int
    more: int
    described: str


@dataclass(frozen=True)
class SearchShown:
    """`charts` are the best so far and the metric of each trial, none where no trial has a value; `rows` are the
    trials, the best first."""

    parallel: Parallel | None
    charts: tuple[Chart, ...]
    names: tuple[str, ...]
    rows: tuple[TrialLine, ...]


def search_shown(search: Search, room: int) -> SearchShown:
    """The drawings and the table of a search; the metric of each trial in about `room` bytes."""
    names = tuple(dict.fromkeys(name for trial in search.trials for name in trial.parameters))
    valued = [trial for trial in search.trials if _is_number(trial.value)]
    parallel = _parallel(search, names[:MOST_AXES], len(names)) if names and search.trials else None
    rows = tuple(sorted(search.trials, key=lambda trial: _rank(search, trial)))
    charts = (_so_far(search, valued), *_by_interval(search, rows, room)) if valued else ()
    return SearchShown(parallel, charts, names[:MOST_AXES], rows)


def _by_interval(search: Search, rows: Sequence[TrialLine], room: int) -> list[Chart]:
    """The metric of each trial as it went on, the best trial's before all others."""
    name = f"{search.metric} of each trial"
    points = (
        Point(f"trial {trial.number}", name, value, interval, 0.0)
        for trial in rows
        if len(trial.values) > 1
        for interval, value in enumerate(trial.values, 1)
    )
    return metric_charts(curves_of(points), "", name, room)[0]


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _rank(search: Search, trial: TrialLine) -> tuple[bool, float, int]:
    """The best first; without a value last."""
    if not _is_number(trial.value):
        return True, 0.0, trial.number
    return False, -trial.value if search.maximize else trial.value, trial.number


class _Places:
    """Where the values of one axis lie, from 0 at its foot to 1. Numbers lie by their size, all else at equal
    distances, in the order first seen."""

    def __init__(self, found: Sequence[Scalar], *, logarithmic: bool) -> None:
        distinct = list(dict.fromkeys(found))
        finite = [v for v in distinct if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
        self.numeric = bool(finite) and len(finite) == len(distinct)
        self._log = logarithmic and self.numeric and min(finite) > 0
        self._order = {str(value): place for place, value in enumerate(distinct)}
        self._scale = Scale.around(self._at(min(finite)), self._at(max(finite))) if self.numeric else Scale(0.0, 1.0)

    def _at(self, value: float) -> float:
        return math.log10(value) if self._log else float(value)

    def share(self, value: Scalar) -> float:
        if self.numeric and not isinstance(value, str):
            return self._scale.share(self._at(value))
        return (self._order[str(value)] + 0.5) / len(self._order)

    def marks(self) -> tuple[Mark, ...]:
        if not self.numeric:
            named = list(self._order)[:_MOST_NAMED]
            return tuple(Mark(100 * self.share(name), name) for name in named)
        if self._log:
            low, high = 10**self._scale.low, 10**self._scale.high
            powers = [10.0**power for power in range(math.floor(self._scale.low), math.ceil(self._scale.high) + 1)]
            ticks = [part * power for power in powers for part in (1, 2, 5) if low <= part * power <= high]
            whole = [tick for tick in ticks if tick in powers]
            return tuple(Mark(100 * self.share(tick), number(tick)) for tick in (whole if len(whole) > 1 else ticks))
        return marks(self._scale, 4, number)


def _parallel(search: Search, names: Sequence[str], of: int) -> Parallel:
    columns = [
        (name, _Places([t.parameters[name] for t in search.trials if name in t.parameters], logarithmic=log))
        for name, log in ((name, name in search.logarithmic) for name in names)
    ]
    values = [trial.value for trial in search.trials if _is_number(trial.value)]
    metric = _Places(values, logarithmic=False) if values else None
    all_axes = [*columns, *([(search.metric, metric)] if metric else [])]
    wide = max(_LEAST_WIDE, _APART * len(all_axes))
    apart = (wide - 2 * _SIDE) / max(1, len(all_axes) - 1)
    xs = [round(_SIDE + apart * place) for place in range(len(all_axes))]
    axes = tuple(
        Axis(name, x, tuple(Mark(_y(mark.at / 100), mark.label) for mark in places.marks()))
        for (name, places), x in zip(all_axes, xs, strict=True)
    )
    order = sorted(values, reverse=not search.maximize)
    trials = [
        TrialPath(t.number, _path(t, columns, metric, xs), _shade(t.value, order), t.number == search.best)
        for t in search.trials
    ]
    told = f"{count(len(search.trials), 'trial')} over {count(len(names), 'parameter')}; the table below has each."
    return Parallel(
        axes=axes,
        trials=tuple(sorted(trials, key=lambda trial: (trial.best, trial.shade))),
        wide=wide,
        top=_TOP,
        high=_HIGH,
        more=of - len(names),
        described=told,
    )


def _y(share: float) -> float:
    return round(_TOP + _HIGH * (1 - share), 1)


def _path(trial: TrialLine, columns: Sequence[tuple[str, _Places]], metric: _Places | None, xs: Sequence[int]) -> str:
    dots = [
        f"{x} {_y(places.share(trial.parameters[name])):g}"
        for (name, places), x in zip(columns, xs, strict=False)
        if name in trial.parameters
    ]
    if metric is not None and _is_number(trial.value):
        dots.append(f"{xs[-1]} {_y(metric.share(trial.value)):g}")
    return f"M{'L'.join(dots)}"


def _shade(value: float | None, order: Sequence[float]) -> int:
    """By the value's place in `order`, which has the best last."""
    if not _is_number(value):
        return 0
    return 1 + min(SHADES - 1, SHADES * order.index(value) // len(order))


def _line(dots: Sequence[tuple[int, int]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in dots) + ("h0" if len(dots) == 1 else "")


def _so_far(search: Search, valued: Sequence[TrialLine]) -> Chart:
    """Each trial's value, and the best of all up to it."""
    in_order = sorted(valued, key=lambda trial: trial.number)
    x = Scale.around(in_order[0].number, in_order[-1].number)
    found = [(trial.number, trial.value) for trial in in_order if _is_number(trial.value)]
    y = Scale.around(min(value for _, value in found), max(value for _, value in found))
    best = found[0][1]
    dots: list[str] = []
    steps: list[tuple[int, int]] = []
    for at, value in found:
        better = value > best if search.maximize else value < best
        best = value if better else best
        column = round(WIDTH * x.share(at))
        dots.append(f"M{column} {round(HEIGHT * (1 - y.share(value)))}h0")
        row = round(HEIGHT * (1 - y.share(best)))
        steps += [(column, steps[-1][1]), (column, row)] if steps else [(column, row)]
    goal = "highest" if search.maximize else "lowest"
    return Chart(
        name=f"{search.metric}, the best so far",
        described=f"{search.metric} of {count(len(found), 'trial')}; the {goal} is {number(best)}.",
        lines=(Line("trials", "".join(dots), 0), Line("best so far", _line(steps), 2)),
        rows=(),
        more=0,
        across="trial",
        left=x.low,
        right=x.high,
        low=y.low,
        high=y.high,
        beside=marks(y, 4, number),
        below=marks(x, 4, lambda value: number(value) if value.is_integer() else ""),
    )
