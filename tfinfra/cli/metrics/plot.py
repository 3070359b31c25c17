"""A metric's values as a plot of Braille dots (Unicode 2800-28FF: two columns and four rows of dots a character)."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH, HEIGHT = 80, 10
"""Columns and rows of characters that a plot takes, its labels included."""
_LABEL = 11
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a character's dots, by column and row."""


def plot(steps: Sequence[int], values: Sequence[float], width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """The rows of the plot of values over steps, in the order of these; of values at one step alone over their count.
    Values that are no numbers have a gap where they are. No row is wider than `width`."""
    order = sorted(range(len(steps)), key=lambda i: steps[i])
    at = [steps[i] for i in order]
    if len(at) > 1 and at[0] == at[-1]:
        at = list(range(len(order)))
    lines = [values[i] for i in order]
    finite = [value for value in lines if math.isfinite(value)]
    if not finite:
        return ["  no value of it is a number"]
    columns, rows = 2 * (width - _LABEL - 2), 4 * (height - 2)
    low, high = min(finite), max(finite)
    dots = _drawn([_column(step, at[0], at[-1], columns) for step in at], [_row(v, low, high, rows) for v in lines])
    body = [
        "".join(chr(0x2800 + dots.get((x, y), 0)).replace("\u2800", " ") for x in range(columns // 2)).rstrip()
        for y in range(rows // 4)
    ]
    labels = {0: high, len(body) - 1: low} if high > low else {(len(body) - 1) // 2: low}
    drawn = [f"{f'{labels[y]:.4g}' if y in labels else '':>{_LABEL}} ┤{line}" for y, line in enumerate(body)]
    return [*drawn, " " * _LABEL + " └" + "─" * (columns // 2), _foot(at[0], at[-1], columns // 2)]


def _column(step: int, first: int, last: int, columns: int) -> int:
    return (step - first) * (columns - 1) // (last - first) if last > first else (columns - 1) // 2


def _row(value: float, low: float, high: float, rows: int) -> int | None:
    """From the top; halves first: the whole range may be beyond all numbers."""
    if not math.isfinite(value):
        return None
    span = high / 2 - low / 2
    share = (value / 2 - low / 2) / span if span > 0 else 0.5
    return round((1 - share) * (rows - 1))


def _drawn(columns: Sequence[int], rows: Sequence[int | None]) -> dict[tuple[int, int], int]:
    """{(column, row) of a character: its dots}, each point joined to the one before it."""
    dots: dict[tuple[int, int], int] = {}
    before: tuple[int, int] | None = None
    for x, y in zip(columns, rows, strict=True):
        if y is None:
            before = None
            continue
        for dot_x, dot_y in _between(before or (x, y), (x, y)):
            place = dot_x // 2, dot_y // 4
            dots[place] = dots.get(place, 0) | _DOTS[dot_x % 2][dot_y % 4]
        before = x, y
    return dots


def _between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots on the line from one to the other, both included."""
    (x, y), (to_x, to_y) = start, end
    count = max(abs(to_x - x), abs(to_y - y), 1)
    return [(x + round((to_x - x) * i / count), y + round((to_y - y) * i / count)) for i in range(count + 1)]


def _foot(first: int, last: int, columns: int) -> str:
    """The steps at both ends."""
    begin, end = str(first), str(last)
    if first == last:
        return " " * (_LABEL + 2) + f"{begin:^{columns}}".rstrip()
    return " " * (_LABEL + 2) + begin + end.rjust(columns - len(begin))
