"""Curves as drawings: one for each metric, with the curves of all tasks in it, and each in numbers beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tfinfra.reporting.curves import Curve, Dot
from tfinfra.reporting.scales import HEIGHT, WIDTH, Mark, Scale, marks
from tfinfra.reporting.spelling import number, seconds, unit_of
from tfinfra.text.wording import count

COLOURS = 8
"""Curves of a drawing that have a colour of their own; where there are more, all but the first are drawn alike."""
MOST_CHARTS = 60
_ROWS = 60
"""Rows of numbers beside a drawing."""
_FEWEST, _BYTES_A_DOT = 12, 10
_GPU = re.compile(r"gpu(\d+)_(.+)")


@dataclass(frozen=True)
class Line:
    """A curve as SVG's path in WIDTH by HEIGHT units. `colour` counts from 1, 0 for one among many."""

    label: str
    path: str
    colour: int


@dataclass(frozen=True)
class Row:
    """A curve in numbers."""

    label: str
    values: int
    last: str
    least: str
    most: str


@dataclass(frozen=True)
class Chart:
    """A drawing. `described` says it in a sentence; `across` is what lies along it, from `left` to `right`, with the
    values from `low` to `high`; `notes` are what a reader has to know of it; `more` curves have no row."""

    name: str
    described: str
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]
    more: int
    across: str
    left: float
    right: float
    low: float
    high: float
    beside: tuple[Mark, ...]
    below: tuple[Mark, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Drawn:
    """A curve as a path; `left_out` of its lines are not in it, and where it is `thinned` not all dots."""

    path: str
    left_out: int
    thinned: bool


@dataclass
class _Group:
    name: str
    spell: Callable[[float | None], str]
    curves: list[tuple[str, Curve]] = field(default_factory=list)


def metric_charts(curves: Sequence[Curve], leader: str, primary: str, room: int) -> tuple[list[Chart], int]:
    """The charts of the tasks' metrics, the `primary` one first, in about `room` bytes of paths; and how many more
    metrics there are."""
    groups: dict[str, _Group] = {}
    for curve in sorted(curves, key=lambda curve: (curve.name != primary, curve.task != leader)):
        group = groups.setdefault(curve.name, _Group(curve.name, number))
        group.curves.append((f"{curve.task} (MLflow run {curve.run[:8]})" if curve.run else curve.task, curve))
    order = {name: place for place, name in enumerate(dict.fromkeys(curve.name for curve in curves))}
    wanted = sorted(groups.values(), key=lambda group: (group.name != primary, order[group.name]))
    return _charts(wanted, room)


def logged_once(curves: Sequence[Curve]) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
    """The curves of metrics that each task has logged once, which are no curves, and all others."""
    more = {curve.name for curve in curves if curve.count > 1}
    return tuple(c for c in curves if c.name not in more), tuple(c for c in curves if c.name in more)


def figure_charts(curves: Sequence[Curve], room: int) -> tuple[list[Chart], int]:
    """The same of the nodes' own figures, over time; those of GPUs are in one chart for all."""
    groups: dict[str, _Group] = {}
    for curve in curves:
        gpu = _GPU.fullmatch(curve.name)
        spell, name = unit_of(curve.name)
        if name.endswith("_total"):
            continue  # one number for the whole run
        label, name = curve.task, name.replace("_", " ")
        if gpu is not None:
            label, name = f"{curve.task} GPU {gpu[1]}", f"GPU {unit_of(gpu[2])[1].replace('_', ' ')}"
        groups.setdefault(name, _Group(name, spell)).curves.append((label, curve))
    return _charts(list(groups.values()), room, by_time=True)


def overlaid(labelled: Iterable[tuple[str, Curve]], room: int) -> tuple[list[Chart], int]:
    """Curves of several runs, by the metric's name."""
    groups: dict[str, _Group] = {}
    for label, curve in labelled:
        groups.setdefault(curve.name, _Group(curve.name, number)).curves.append((label, curve))
    return _charts(sorted(groups.values(), key=lambda group: -len(group.curves)), room)


def _charts(groups: list[_Group], room: int, *, by_time: bool = False) -> tuple[list[Chart], int]:
    drawn = groups[:MOST_CHARTS]
    curves = sum(len(group.curves) for group in drawn)
    dots = max(_FEWEST, room // _BYTES_A_DOT // max(1, curves))
    left = room // (_FEWEST * _BYTES_A_DOT)  # curves that there is room for at all
    charts = []
    for group in drawn:
        charts.append(_chart(group, dots, left, by_time=by_time))
        left -= min(left, len(group.curves))
    return charts, len(groups) - len(drawn)


def _chart(group: _Group, dots: int, most: int, *, by_time: bool) -> Chart:
    by_time = by_time or not any(_has_steps(curve) for _, curve in group.curves)
    zero = min((line[0].time for _, curve in group.curves for line in curve.lines), default=0.0)

    def across(dot: Dot) -> float:
        return dot.time - zero if by_time else float(dot.step)

    every = [(across(dot), dot.value) for _, curve in group.curves for line in curve.lines for dot in line]
    x = Scale.around(min((at for at, _ in every), default=0.0), max((at for at, _ in every), default=1.0))
    y = Scale.around(min((v for _, v in every), default=0.0), max((v for _, v in every), default=1.0))
    many = len(group.curves) > COLOURS
    drawn = [(label, _drawn(curve, across, x, y, dots)) for label, curve in group.curves[:most]]
    lines = tuple(
        Line(label, each.path, 0 if many and place else place + 1)
        for place, (label, each) in enumerate(drawn)
        if each.path
    )
    # What stands first is drawn last, and so above the others
    spelt = seconds if by_time else number
    return Chart(
        name=group.name,
        described=_described(group),
        lines=lines[::-1],
        rows=tuple(_row(label, curve, group.spell) for label, curve in group.curves[:_ROWS]),
        more=max(0, len(group.curves) - _ROWS),
        across="time" if by_time else "step",
        left=x.low,
        right=x.high,
        low=y.low,
        high=y.high,
        beside=marks(y, 4, group.spell),
        below=marks(x, 4, spelt),
        notes=_notes(group, [each for _, each in drawn]),
    )


def _has_steps(curve: Curve) -> bool:
    steps = {dot.step for line in curve.lines for dot in line}
    return len(steps) > 1 or sum(map(len, curve.lines)) == 1


def _drawn(curve: Curve, across: Callable[[Dot], float], x: Scale, y: Scale, dots: int) -> _Drawn:
    parts, size = [], 0
    shown = _spread(curve.lines, max(2, dots))
    total = sum(map(len, shown))
    for line in shown:
        most = max(2, dots * len(line) // total)
        kept = [(round(WIDTH * x.share(across(d))), round(HEIGHT * (1 - y.share(d.value)))) for d in _fewer(line, most)]
        size += len(kept)
        begin, *rest = kept
        text = "".join(f" {at} {up}" for at, up in rest)
        parts.append(f"M{begin[0]} {begin[1]}L{text.strip()}" if rest else f"M{begin[0]} {begin[1]}h0")
    return _Drawn("".join(parts), len(curve.lines) - len(shown), size < total)


def _spread(lines: Sequence[tuple[Dot, ...]], most: int) -> Sequence[tuple[Dot, ...]]:
    """At most so many of the lines, two or more, evenly from the first to the last."""
    if len(lines) <= most:
        return lines
    return [lines[place * (len(lines) - 1) // (most - 1)] for place in range(most)]


def _fewer(line: Sequence[Dot], most: int) -> Iterable[Dot]:
    """At most about so many dots: the lowest and the highest of stretches of one length, and both ends."""
    if len(line) <= most:
        return line
    stretch = -(-2 * len(line) // most)
    kept = {0, len(line) - 1}
    for begin in range(0, len(line), stretch):
        places = range(begin, min(begin + stretch, len(line)))
        kept |= {min(places, key=lambda i: line[i].value), max(places, key=lambda i: line[i].value)}
    return (line[i] for i in sorted(kept))


def _row(label: str, curve: Curve, spell: Callable[[float | None], str]) -> Row:
    return Row(label, curve.count, spell(curve.last), spell(curve.least), spell(curve.most))


def _described(group: _Group) -> str:
    first_label, first = group.curves[0]
    told = f"{group.name}: {count(len(group.curves), 'curve')}. "
    if first.least is None:
        return f"{told}{first_label} has {count(first.count, 'value')}, none of them a number."
    least, most = group.spell(first.least), group.spell(first.most)
    last = group.spell(first.last)
    return f"{told}{first_label} has {count(first.count, 'value')} from {least} to {most}, the last {last}."


def _notes(group: _Group, drawn: Sequence[_Drawn]) -> tuple[str, ...]:
    odd = sum(curve.odd for _, curve in group.curves)
    thinned = any(curve.thinned for _, curve in group.curves) or any(each.thinned for each in drawn)
    left_out = sum(each.left_out for each in drawn)
    undrawn = len(group.curves) - len(drawn)
    notes = []
    if odd:
        notes.append(f"{count(odd, 'value')} NaN or infinite: a gap where they are")
    if thinned:
        notes.append("thinned: of each stretch its lowest and highest value are drawn")
    if left_out:
        notes.append(f"{count(left_out, 'piece')} between gaps not drawn: there are more than there is room for")
    if undrawn:
        notes.append(f"{count(undrawn, 'curve')} not drawn")
    return tuple(notes)
