"""A trial under way, as its tune's client sees it."""

from __future__ import annotations

from typing import Any, cast

from tests.tuning.tunes import a_tune
from tfinfra.errors import Result
from tfinfra.lifecycle.tuning.trial_life import SPEECHLESS, LiveTrial
from tfinfra.lifecycle.tuning.trial_points import TrialPoints
from tfinfra.model.tuning import Policy
from tfinfra.store import MemoryStore
from tfinfra.tuning.policies import cuts


def test_a_trial_that_is_being_ended_still_counts_among_those_it_is_compared_with() -> None:
    trials = [_live(number) for number in range(10)]
    tune = a_tune(policy=Policy("truncation_selection", truncation_percentage=20))
    ended = []
    for _ in range(5):
        for cut in cuts(tune, [trial.trace for trial in trials]):
            trials[cut.number].stop(Result.CANCELLED, cut.why)
            ended.append(cut.number)
    assert ended == [0, 1]


def test_only_nodes_that_took_a_trial_have_to_say_how_it_ended() -> None:
    trial = _live(1)
    late = trial.deadline + SPEECHLESS + 1
    assert not trial.is_speechless(late), "its nodes still get their data"
    trial.began = 2.0
    assert trial.is_speechless(late)
    assert not trial.is_speechless(late - 2)


def _live(number: int) -> LiveTrial:
    store = MemoryStore()
    points = TrialPoints(store, "worker-0", "acc")
    points.values.append(float(number))
    return LiveTrial(number, f"digits-abc123-t{number:05d}", {}, 0, (0,), store, cast("Any", None), points, 1.0, 61.0)
