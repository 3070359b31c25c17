"""What a tune writes down, and what stands when it is read again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.model import Unfit, decode
from tfinfra.store.records import encode
from tfinfra.tuning.journal import Asked, Ended, Entry, Searched, best_figure, figures_of, replay
from tfinfra.tuning.policies import MOST_INTERVALS


def asked(number: int, again: int | None = None) -> Entry:
    return Entry(asked=Asked(number, {"--lr": 0.1, "--act": "relu", "--bias": True}, 100.0 + number, again))


def ended(number: int, result: str = "succeeded", why: str = "", values: tuple[float, ...] = ()) -> Entry:
    return Entry(ended=Ended(number, result, why, 200.0 + number, figures_of(values), best_figure(values, "maximize")))


def through_a_store(entries: list[Entry]) -> Searched:
    return replay([decode(Entry, encode(entry)) for entry in entries])


@given(st.lists(st.floats(), max_size=20))
def test_every_value_of_a_metric_comes_back(values: list[float]) -> None:
    trial = through_a_store([asked(1), ended(1, values=tuple(values))]).trials[1]
    assert list(map(repr, trial.values)) == list(map(repr, values))
    assert trial.best == max((value for value in values if not math.isnan(value)), default=None)


def test_what_was_asked_runs_until_it_ended() -> None:
    found = through_a_store([asked(1), asked(2), ended(2, "terminated", "its best is too low", (0.1, 0.2))])
    assert [trial.number for trial in found.under_way] == [1]
    assert found.trials[1].parameters == {"--lr": 0.1, "--act": "relu", "--bias": True}
    two = found.trials[2]
    assert (two.result, two.why, two.values, two.asked_at, two.ended_at) == (
        *("terminated", "its best is too low", (0.1, 0.2)),
        *(102.0, 202.0),
    )


def test_the_best_is_the_first_of_the_best_whose_script_did_its_part() -> None:
    found = through_a_store(
        [
            *(asked(number) for number in range(1, 6)),
            ended(1, "failed", values=(0.99,)),
            ended(2, values=(math.nan,)),
            ended(4, "terminated", values=(0.7, 0.3)),
            ended(3, values=(0.1, 0.7)),
        ]
    )
    best = found.best("maximize")
    assert best is not None
    assert best.number == 3
    assert Searched().best("maximize") is None


@pytest.mark.parametrize("result", ["lost", "cancelled"])
def test_a_trial_that_was_cut_off_is_asked_again_once_and_counts_once(result: str) -> None:
    lost = through_a_store([asked(1), ended(1, result)])
    assert [trial.number for trial in lost.to_ask_again] == [1]
    again = through_a_store([asked(1), ended(1, result), asked(2, again=1)])
    assert again.to_ask_again == ()
    assert again.counted == 1


def test_who_hears_of_a_fault_has_what_stands_before_it() -> None:
    heard: list[Unfit] = []
    found = replay([asked(1), ended(1), asked(1), asked(2)], heard.append)
    assert [str(fault) for fault in heard] == ["it asks trial 1 twice"]
    assert found == replay([asked(1), ended(1)])


ROWS = {
    "three with one cause": ([("failed", "x"), ("failed", "x"), ("failed", "x")], 3),
    "one fault of other parameters": ([("failed", "lr 0.01: at 0x7f1c"), ("failed", "lr 3e-05: at 0x7e2d")], 2),
    "the last has another cause": ([("failed", "x"), ("failed", "x"), ("failed", "y")], 1),
    "a success between": ([("failed", "x"), ("succeeded", ""), ("failed", "x")], 1),
    "a lost node between": ([("failed", "x"), ("lost", "node"), ("failed", "x")], 2),
    "a policy's end between": ([("failed", "x"), ("terminated", "low"), ("failed", "x")], 1),
    "none": ([("succeeded", "")], 0),
}


@pytest.mark.parametrize(("ends", "length"), ROWS.values(), ids=ROWS)
def test_failures_in_a_row(ends: list[tuple[str, str]], length: int) -> None:
    entries = [asked(number) for number in range(len(ends))]
    entries += [ended(number, result, why) for number, (result, why) in enumerate(ends)]
    assert len(through_a_store(entries).failures_in_a_row) == length


def test_a_second_end_changes_nothing() -> None:
    assert through_a_store([asked(1), ended(1), ended(1, "failed")]).trials[1].result == "succeeded"


NO_JOURNALS = {
    "it asks trial 1 twice": [asked(1), asked(1)],
    "it ends trial 2, which was not asked": [asked(1), ended(2)],
    "it has an entry that says nothing": [Entry()],
}


@pytest.mark.parametrize(("words", "entries"), NO_JOURNALS.items())
def test_what_is_no_journal_is_refused(words: str, entries: list[Entry]) -> None:
    with pytest.raises(Unfit, match=f"^{words}$"):
        through_a_store(entries)


def test_what_is_no_entry_is_refused() -> None:
    for wrong in ("0.1 x", "0.1\x00", " ".join(["1"] * (MOST_INTERVALS + 1))):
        with pytest.raises(Unfit):
            through_a_store([Entry(ended=Ended(1, "succeeded", "", 1.0, wrong))])


def test_more_values_than_are_kept_still_have_their_best() -> None:
    values = (*(0.0,) * MOST_INTERVALS, 1.0)
    trial = through_a_store([asked(1), ended(1, values=values)]).trials[1]
    assert (len(trial.values), trial.best) == (MOST_INTERVALS, 1.0)
