"""A plot fits its width whatever is drawn, and shows where the values are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.cli.metrics.plot import HEIGHT, WIDTH, plot

STEPS = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(STEPS, st.floats()), min_size=1, max_size=60))
def test_any_points_fit(points: list[tuple[int, float]]) -> None:
    rows = plot([step for step, _ in points], [value for _, value in points])
    assert max(map(len, rows)) <= WIDTH
    assert len(rows) == (HEIGHT if any(math.isfinite(value) for _, value in points) else 1)


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    rows = [row[13:] for row in plot(range(100), [float(i) for i in range(100)])[:-2]]
    begins = [len(row) - len(row.lstrip()) for row in rows]
    assert begins == sorted(begins, reverse=True)
    assert begins[-1] == 0 and len(rows[0]) == WIDTH - 13


def test_one_point_and_a_constant_stand_in_the_middle() -> None:
    for steps in ([7], [1, 2, 3]):
        rows = plot(steps, [0.25] * len(steps))
        assert [number for number, row in enumerate(rows[:-2]) if set(row[13:].strip())] == [(HEIGHT - 2) // 2 - 0]
        assert sum("0.25" in row for row in rows) == 1


def test_what_is_no_number_is_a_gap() -> None:
    whole, gap = (plot([0, 1, 2, 3], [1.0, value, 1.0, 1.0])[:-2] for value in (1.0, math.nan))
    assert len(next(filter(str.strip, (row[13:] for row in whole)))) == WIDTH - 13
    assert "   " in next(row for row in (row[13:].strip() for row in gap) if row)


@pytest.mark.parametrize("values", [[math.nan], [math.inf, -math.inf]])
def test_nothing_to_draw_is_said(values: list[float]) -> None:
    assert plot(range(len(values)), values) == ["  no value of it is a number"]
