"""What the client of a tune shows of its trials, look by look."""

from __future__ import annotations

from tests.lifecycle.tuning.tuned_world import a_tune
from tfinfra.lifecycle.tuning.tune_view import TuneView
from tfinfra.tuning.journal import Asked, Ended, Entry, followed, replay


def test_a_look_makes_anew_only_what_has_ended_since() -> None:
    entries = [Entry(asked=Asked(number, {"--x": number}, 1.0)) for number in range(1, 4)]
    searched = replay([*entries, Entry(ended=Ended(2, "succeeded", "", 2.0, "0.5", "0.5"))])
    view = TuneView("digits-abc123", a_tune(), 2, earlier=1)
    first = view.state(searched, [])
    assert [(trial.number, trial.state) for trial in first.trials] == [(2, "succeeded")]
    assert view.state(searched, []) == first
    assert first.earlier == 1
    searched = followed(searched, Entry(ended=Ended(1, "succeeded", "", 3.0, "0.75", "0.75")))
    second = view.state(searched, [])
    assert [trial.number for trial in second.trials] == [1, 2]
    assert (first.best, second.best) == (2, 1)
    assert second.trials[1] is first.trials[0]
