"""The live table of a tune's trials, and the same as plain lines."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pytest

from tests.cli.terminals import python, terminal
from tests.cli.tuning.tune_states import a_large_tune, a_trial, a_tune
from tfinfra.cli.live_rows import LiveState, RunningPhase, live_rows
from tfinfra.cli.tuning.tune_rows import tune_rows
from tfinfra.lifecycle.watch.observer import UnderWay
from tfinfra.lifecycle.watch.plain_view import PlainView, QuietView
from tfinfra.lifecycle.watch.trial_lines import TrialNews, parameters_to_paste
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.model.tuning import Scalar

NAN = float("nan")


def shown(state: TuneState, most: int = 20) -> list[str]:
    return [row.plain for row in tune_rows(state, 1030.0, most)]


def test_a_row_has_number_state_time_metric_and_parameters() -> None:
    tune = a_tune(a_trial(0, "succeeded", 0.95), a_trial(1, "running", 0.91), a_trial(2, "waiting", began=None), best=0)
    assert shown(tune) == [
        "  TRIAL  STATE      TIME  validation_acc  learning-rate  batch-size",
        "      1  running    30 s            0.91       0.002469          32",
        "      2  waiting       -               -       0.003704          32",
        "*     0  succeeded  12 s            0.95       0.001235          32",
    ]


def test_what_has_ended_is_sorted_by_the_goal_and_nan_is_never_before_a_number() -> None:
    values = [0.3, NAN, 0.1, None, 0.2]
    trials = [a_trial(number, "succeeded", value) for number, value in enumerate(values)]
    order = [trial.number for trial in a_tune(*trials).ranked]
    assert order == [0, 4, 2, 1, 3]
    assert [t.number for t in a_tune(*trials, goal="minimize").ranked] == [2, 4, 0, 1, 3]


@pytest.mark.parametrize("most", range(2, 30))
def test_the_rows_are_as_many_as_there_is_room_for_and_the_best_is_among_them(most: int) -> None:
    rows = shown(a_large_tune(), most)
    assert len(rows) <= most
    if most > 3:
        assert sum(row.startswith("* ") for row in rows) == 1
        assert rows[-1].startswith("  and ")


def test_ten_thousand_trials_are_drawn_in_no_time() -> None:
    tune, began = a_large_tune(10_000), time.process_time()
    drawn = [tune_rows(tune, 2000.0 + now, 20) for now in range(20)]
    assert time.process_time() - began < 2.0
    assert (len(drawn[-1]), drawn[-1][-1].plain) == (20, "  and 9982 more: 8983 succeeded, 999 failed")


def test_four_hundred_trials_fit_eighty_columns_and_thirty_rows() -> None:
    run = UnderWay("digits-tune-abc123", (), 1000.0, lambda: 5000.0, lambda: 0.43)
    state = LiveState([RunningPhase("search", "", 1000.0, 60.0)], (), run, 1030.0, None, a_large_tune())
    rows = [row.plain for row in live_rows(state, 30)]
    assert len(rows) <= 24
    assert all(len(row) < 80 for row in rows)
    assert "400 of 400 trials; about 1 min, as last time" in rows[0]
    assert [row.split()[0] for row in rows[2:6]] == ["396", "397", "398", "399"]
    assert rows[6].startswith("*   200  succeeded")
    assert rows[-1].startswith("digits-tune-abc123  30 s  0.43 USD so far")


def test_without_room_a_tune_has_what_a_run_has() -> None:
    state = LiveState([RunningPhase("search", "", 0.0)], (), None, 9.0, None, a_large_tune())
    assert [len(live_rows(state, height)) for height in (1, 2, 3)] == [0, 1, 1]


def test_a_hostile_parameter_stays_in_its_row() -> None:
    hostile = {"--model": "a\x1b[2J\nb " * 20}
    (row,) = shown(a_tune(a_trial(0, parameters=hostile)))[1:]
    assert "\x1b" not in row
    assert "\n" not in row
    _, row = shown(a_tune(a_trial(0, parameters={"--model": "a ::error::b"})))
    assert " ::error" not in row  # where the row is wrapped it would begin a line


def test_each_beginning_and_end_is_told_once_as_a_plain_line() -> None:
    out, progress = io.StringIO(), io.StringIO()
    view = PlainView(out, progress, str)
    first = a_tune(a_trial(0), a_trial(1))
    ended = a_trial(0, "succeeded", 0.95)
    cut = a_trial(1, "terminated", 0.2, why="bandit: 0.2 is below 0.85 after 5 values")
    for state in (first, first, a_tune(ended, a_trial(1, value=0.1), best=0), a_tune(ended, cut, best=0)):
        view.tune(state)
    QuietView(out, progress, str).tune(first)
    assert out.getvalue() == ""
    assert progress.getvalue().splitlines() == [
        "[search] trial 0 running: --learning-rate 0.001235 --batch-size 32",
        "[search] trial 1 running: --learning-rate 0.002469 --batch-size 32",
        "[search] trial 0 succeeded after 12 s: validation_acc 0.95, the best so far",
        "[search] trial 1 terminated after 12 s: validation_acc 0.2; bandit: 0.2 is below 0.85 after 5 values",
    ]


def test_the_best_so_far_is_said_of_each_that_becomes_it() -> None:
    news = TrialNews()
    states = [
        a_tune(a_trial(0, "succeeded", 0.5), best=0),
        a_tune(a_trial(0, "succeeded", 0.5), a_trial(1, "succeeded", 0.4), best=0),
        a_tune(a_trial(0, "succeeded", 0.5), a_trial(1, "succeeded", 0.4), a_trial(2, "succeeded", 0.6), best=2),
    ]
    told = [line for state in states for _, line in news.of(state)]
    assert ["the best so far" in line for line in told] == [True, False, True]


def test_a_trial_of_the_tune_that_this_one_goes_on_with_is_told_as_such() -> None:
    state = a_tune(a_trial(1, "cancelled", why="Ctrl-C ended the run"), a_trial(2, "succeeded", 0.5), best=2, earlier=1)
    assert [line for _, line in TrialNews().of(state)] == [
        "trial 1 of the tune before cancelled after 12 s; Ctrl-C ended the run",
        "trial 2 succeeded after 12 s: validation_acc 0.5, the best so far",
    ]


def test_parameters_to_paste_are_whole_and_the_words_that_the_script_got() -> None:
    parameters: dict[str, Scalar] = {"--learning-rate": 0.001234567890123, "name": "a b", "flag": True}
    assert parameters_to_paste(parameters) == "--learning-rate 0.001234567890123 --name 'a b' --flag True"


PLAYED = """
import sys, time
from tests.cli.tuning.tune_states import a_large_tune
from tfinfra.cli.live import run_view
from tfinfra.lifecycle.watch.observer import UnderWay
with run_view(False) as view:
    view.under_way(UnderWay("digits-tune-abc123", (), time.time(), lambda: time.time() + 3600, lambda: 0.43))
    view.begin("search", "400 trials, 4 at once")
    for trials in (5, 100, 400):
        view.tune(a_large_tune(trials))
        time.sleep(0.3)
    while len(sys.argv) > 1:
        time.sleep(0.01)
    view.end("search", 12.0, "400 trials")
print("after", flush=True)
"""


@pytest.mark.parametrize("size", [(80, 30), (40, 12), (200, 60), (80, 2)])
def test_the_table_leaves_lines_alone_on_any_terminal(size: tuple[int, int]) -> None:
    with terminal(python(PLAYED), *size) as here:
        assert here.ends() == 0
        assert here.lines[-1] == "after"
        assert not any(line.startswith(("… ", "* ", "  and ")) for line in here.lines)


@pytest.mark.parametrize("size", [(60, 15), (120, 40)])
def test_the_table_follows_its_terminals_size(size: tuple[int, int]) -> None:
    with terminal(python(PLAYED, "waits"), 80, 30) as here:
        here.until(lambda: drawn(here.display) == (20, 1))
        here.resize(*size)
        here.until(lambda: drawn(here.display) == (size[1] - 10, 1))


def test_the_table_has_no_colour_where_none_is_wished() -> None:
    with terminal(python(PLAYED), 80, 30, NO_COLOR="1") as here:
        assert here.ends() == 0
        assert b"TRIAL" in here.sent
        assert set(re.findall(rb"\x1b\[([0-9;]+)m", here.sent)) <= {b"0", b"1", b"2"}  # weights are no colours


@pytest.mark.parametrize("kind", ["dumb", "unknown", ""])
def test_a_terminal_that_moves_no_cursor_gets_lines_alone(kind: str) -> None:
    with terminal(python(PLAYED), 200, 30, TERM=kind) as here:
        assert here.ends() == 0
        assert b"\x1b" not in here.sent
        assert b"TRIAL" not in here.sent
        assert here.sent.count(b"[search] trial ") >= 400


def test_nothing_is_written_while_nothing_changes() -> None:
    """With the clock held still, as what a table has of the time changes by itself each second."""
    still = PLAYED.replace(
        "with run_view", "import tfinfra.cli.live; tfinfra.cli.live.right_now = lambda: 1030.0\nwith run_view"
    )
    with terminal(python(still, "waits"), 80, 30) as here:
        here.until(lambda: drawn(here.display) == (20, 1))
        written = len(here.sent)
        until = time.monotonic() + 0.6  # six looks of the painter
        while time.monotonic() < until:
            here.read()
        assert len(here.sent) == written


def drawn(rows: list[str]) -> tuple[int, int]:
    """How many trials of the largest tune are shown, and how often the others are counted."""
    if not any(row.startswith("… search") and "400 of 400" in row for row in rows):
        return 0, 0
    trials = sum(bool(re.match(r"[* ] +\d+  (running|succeeded|failed)", row)) for row in rows)
    return trials, sum(row.startswith("  and ") for row in rows)


def test_a_trial_of_another_number_is_told_whatever_its_predecessor_was() -> None:
    news = TrialNews()
    first = a_tune(a_trial(3, "lost", why="its node has gone"))
    assert [line for _, line in news.of(first)] == ["trial 3 lost after 12 s; its node has gone"]
    assert [line for _, line in news.of(replace(first, trials=(a_trial(3),)))] == [
        "trial 3 running: --learning-rate 0.004938 --batch-size 32"
    ]
