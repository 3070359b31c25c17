"""What a page draws says what was logged: no peak is lost, a gap is a gap, and the best trial is the best."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.model import Point
from tfinfra.reporting.charts import MOST_CHARTS, metric_charts
from tfinfra.reporting.curves import MOST, Curve, curves_of
from tfinfra.reporting.logs import shared_out
from tfinfra.reporting.page import page
from tfinfra.reporting.scales import HEIGHT, WIDTH, Scale, marks
from tfinfra.reporting.search import search_shown
from tfinfra.reporting.spelling import number
from tfinfra.reporting.values import RunPage, Search, TrialLine

VALUES = st.floats(allow_nan=True, allow_infinity=True)
SOME_TRIALS = tuple(
    TrialLine(number, "succeeded", {"lr": 10.0**-number, "size": str(number % 2)}, value)
    for number, value in enumerate((0.5, 0.9, None, 0.7, math.nan), 1)
)


def curve(values: list[float]) -> Curve:
    (found,) = curves_of(Point("main-0", "loss", value, step, float(step)) for step, value in enumerate(values))
    return found


def drawn(of: Curve) -> list[float]:
    return [dot.value for line in of.lines for dot in line]


@given(st.lists(VALUES, min_size=1, max_size=3 * MOST))
def test_a_thinned_curve_has_the_least_and_the_most_of_all_and_counts_what_is_no_number(values: list[float]) -> None:
    finite = [value for value in values if math.isfinite(value)]
    found = curve(values)
    assert (found.count, found.odd) == (len(values), len(values) - len(finite))
    assert (found.least, found.most) == ((min(finite), max(finite)) if finite else (None, None))
    assert set(drawn(found)) <= set(finite)
    if finite:
        assert (min(drawn(found)), max(drawn(found))) == (found.least, found.most)
    assert found.thinned == (len(drawn(found)) < len(finite))


def test_a_million_points_leave_no_more_than_a_page_can_draw() -> None:
    found = curve([math.sin(step / 1000) for step in range(100_000)] + [50.0] + [0.0] * 1000)
    assert len(drawn(found)) <= 2 * MOST
    assert max(drawn(found)) == 50.0


def test_a_value_that_is_no_number_is_a_gap_and_so_is_a_second_beginning() -> None:
    assert [len(line) for line in curve([1.0, 2.0, math.nan, 3.0]).lines] == [2, 1]
    again = [Point("main-0", "loss", 1.0, step, 0.0) for step in (0, 1, 0, 1)]
    assert [len(line) for line in curves_of(again)[0].lines] == [2, 2]


@given(st.lists(VALUES, min_size=1, max_size=50), st.integers(0, 3000))
def test_every_drawing_lies_within_its_bounds(values: list[float], room: int) -> None:
    (chart,), _ = metric_charts([curve(values)], "main-0", "", room)
    for line in chart.lines:
        for x, y in re.findall(r"(-?\d+) (-?\d+)", line.path):
            assert 0 <= int(x) <= WIDTH
            assert 0 <= int(y) <= HEIGHT
    assert all(-1 <= mark.at <= 101 for mark in (*chart.beside, *chart.below))


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_scale_has_room_and_round_numbers_whatever_the_values(one: float, other: float) -> None:
    scale = Scale.around(min(one, other), max(one, other))
    assert 0 <= scale.share(one) <= 1
    assert len(scale.round_values(4)) <= 10


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.0, ["0", "0.25", "0.5", "0.75", "1"]),
        (1.0, 1.001, ["1", "1.00025", "1.0005", "1.00075"]),
        (0.9999, 1.0, ["0.9999", "0.999925", "0.99995", "0.999975", "1"]),
        (1e6, 1e6 + 0.004, ["1,000,000", "1,000,000.001", "1,000,000.002", "1,000,000.003"]),
        (-20_000, 20_000, ["\N{MINUS SIGN}20,000", "\N{MINUS SIGN}10,000", "0", "10,000", "20,000"]),
    ],
)
def test_marks_have_the_digits_by_which_they_differ(low: float, high: float, labels: list[str]) -> None:
    assert [mark.label for mark in marks(Scale.around(low, high), 4, number)] == labels


@given(st.floats(0, 1, exclude_max=True))
def test_what_is_below_one_is_not_called_one(value: float) -> None:
    assert number(value) != "1"
    assert float(number(value)) == pytest.approx(value, rel=1e-3)


def test_more_metrics_than_there_is_room_for_are_counted() -> None:
    curves = curves_of(Point("main-0", f"m{i}", 1.0, step, 0.0) for i in range(MOST_CHARTS + 5) for step in range(2))
    charts, more = metric_charts(curves, "main-0", "m64", 100_000)
    assert (len(charts), more, charts[0].name) == (MOST_CHARTS, 5, "m64")


@given(st.lists(st.integers(0, 1000)), st.integers(0, 5000))
def test_nobody_gets_more_than_it_needs_and_room_that_one_leaves_is_another_ones(sizes: list[int], room: int) -> None:
    shares = shared_out(sizes, room)
    assert all(share <= size for share, size in zip(shares, sizes, strict=True))
    assert sum(shares) <= room
    assert sum(shares) == sum(sizes) or sum(shares) > room - len(sizes)


@pytest.mark.parametrize(("maximize", "first"), [(True, [2, 4, 1]), (False, [1, 4, 2])], ids=["maximize", "minimize"])
def test_the_best_trial_stands_first_and_those_without_a_value_last(maximize: bool, first: list[int]) -> None:
    search = Search("acc", maximize, "random", "", SOME_TRIALS, first[0])
    shown = search_shown(search, 10_000)
    assert [row.number for row in shown.rows] == [*first, 3, 5]
    assert shown.parallel is not None
    shades = {trial.number: trial.shade for trial in shown.parallel.trials}
    assert shades[3] == shades[5] == 0
    assert shades[first[0]] == max(shades.values())
    assert [trial.number for trial in shown.parallel.trials if trial.best] == [first[0]]


def test_a_long_curve_is_drawn_to_its_end() -> None:
    points = (Point("main-0", "loss", math.sin(step), step, 0.0) for step in range(5000))
    text = page(RunPage("digits-abc123", "digits", 0.0, "deleted", leader="main-0", curves=tuple(curves_of(points))))
    (path,) = re.findall(r'<path class="line[^"]*" d="([^"]*)"', text)
    assert len(path) > 4000
    assert re.fullmatch(r"M\d+ \d+L\d+ \d+( \d+ \d+)* 1000 \d+", path)


def spans(path: str) -> list[list[tuple[int, int]]]:
    """The stretches of a path, as points."""
    return [
        [(int(x), int(y)) for x, y in re.findall(r"(\d+) (\d+)", stretch)] for stretch in path.split("M") if stretch
    ]


@pytest.mark.parametrize("epochs", [2, 12, 13, 100, 390])
def test_a_curve_with_more_gaps_than_room_is_drawn_to_its_end_and_says_what_is_not(epochs: int) -> None:
    found = curve([math.nan if step % 2 else float(step) for step in range(2 * epochs)])
    (chart,), _ = metric_charts([found], "main-0", "", 120)
    (line,) = chart.lines
    shown = spans(line.path)
    assert (shown[0][0], shown[-1][-1]) == ((0, HEIGHT), (WIDTH, 0))
    assert len(shown) == min(epochs, 12)
    told = [note for note in chart.notes if "between gaps not drawn" in note]
    assert [note.split()[0] for note in told] == ([str(epochs - 12)] if epochs > 12 else [])


def test_a_curve_of_which_there_is_room_for_a_part_says_so() -> None:
    found = curve([float(step) for step in range(300)])
    notes = [metric_charts([found], "main-0", "", room)[0][0].notes for room in (150, 10_000)]
    assert [any(note.startswith("thinned") for note in each) for each in notes] == [True, False]


def test_a_tune_without_any_value_has_a_page_too() -> None:
    search = Search("acc", True, "grid", "", tuple(dataclasses.replace(t, value=None) for t in SOME_TRIALS))
    text = page(RunPage("digits-abc123", "digits", 0.0, "training", search=search))
    assert "5 trials" in text
    assert "the best so far" not in text


def test_two_thousand_trials_of_twenty_parameters_fit() -> None:
    trials = tuple(
        TrialLine(n, "succeeded", {f"--parameter-{i}": n / (i + 1) for i in range(20)}, n / 2000, 1.0)
        for n in range(2000)
    )
    text = page(
        RunPage("digits-abc123", "digits", 0.0, "deleted", search=Search("acc", True, "random", "", trials, 1999))
    )
    assert len(text.encode()) < 5_000_000
    assert text.count('<th scope="row" class="n">') == 2000
