"""Bayesian sampling, by Optuna itself."""

from __future__ import annotations

import math
import sys

import pytest

from tests.tuning.tunes import a_tune
from tfinfra.errors import UsageError
from tfinfra.model.tuning import Expression, Parameters
from tfinfra.tuning.draws import sampler
from tfinfra.tuning.journal import Trial

SPACE = {
    "--lr": Expression("uniform", (0.0, 1.0)),
    "--act": Expression("choice", (1, 1.0, True, "relu")),
    "--hidden": Expression("quniform", (30, 250, 32)),
}


def loss(parameters: Parameters) -> float:
    bent = (float(parameters["--lr"]) - 0.3) ** 2 + (float(parameters["--hidden"]) / 128 - 1) ** 2
    return bent + (0 if parameters["--act"] == "relu" else 0.3)


def test_it_finds_better_sets_than_it_began_with() -> None:
    one = sampler(a_tune(sampling="bayesian", space=SPACE, goal="minimize"), ())
    losses = []
    for number in range(40):
        parameters = one.ask(number)
        assert parameters is not None
        losses.append(loss(parameters))
        one.tell(number, losses[-1])
    assert sorted(losses[20:])[10] < sorted(losses[:10])[5] / 2


def test_values_are_those_of_the_expressions() -> None:
    one = sampler(a_tune(sampling="bayesian", space=SPACE), ())
    asked = [each for number in range(30) if (each := one.ask(number))]
    assert {repr(each["--act"]) for each in asked} == {"1", "1.0", "True", "'relu'"}
    assert {each["--hidden"] for each in asked} <= {32, 64, 96, 128, 160, 192, 224, 256}
    assert all(0 <= float(each["--lr"]) <= 1 for each in asked)


def test_what_earlier_tunes_found_guides_the_first_trial() -> None:
    tune = a_tune(sampling="bayesian", space=SPACE, goal="minimize")
    one = sampler(tune, ())
    before = [Trial(n, p, 0.0, result="succeeded", best=loss(p)) for n in range(40) if (p := one.ask(n))]
    fresh, warm = sampler(tune, ()), sampler(tune, (), before)
    first = [loss(fresh.ask(number) or {}) for number in range(8)]
    guided = [loss(warm.ask(number) or {}) for number in range(8)]
    assert sum(guided) < sum(first)


def test_a_search_that_is_gone_on_with_learns_no_more_of_a_lost_trial_than_the_first_did() -> None:
    tune = a_tune(sampling="bayesian", space=SPACE, goal="minimize")
    one, other = sampler(tune, ()), []
    sets = [parameters for n in range(12) if (parameters := one.ask(n))]
    for best in (None, -1000.0):
        ended = [Trial(n, p, 0.0, result="succeeded", best=loss(p)) for n, p in enumerate(sets)]
        ended[5] = Trial(5, sets[5], 0.0, result="lost", best=best)
        other.append([sampler(tune, ended).ask(number) for number in range(12, 15)])
    assert other[0] == other[1]


def test_trials_without_a_value_or_with_an_odd_one_end_like_others() -> None:
    one = sampler(a_tune(sampling="bayesian", space=SPACE), ())
    for number, value in enumerate([None, math.inf, -math.inf, 0.5]):
        one.ask(number)
        one.tell(number, value)
    one.begun(4, {"--lr": 0.5, "--act": "relu", "--hidden": 64})
    one.tell(4, 0.7)
    assert one.ask(5)


def test_without_optuna_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match="needs Optuna") as error:
        sampler(a_tune(sampling="bayesian", space=SPACE), ())
    assert "uv pip install" in str(error.value.hint)


def test_optuna_says_nothing(capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder) -> None:
    one = sampler(a_tune(sampling="bayesian", space=SPACE), ())
    one.ask(0)
    one.tell(0, None)
    assert one.ask(1)
    assert capfd.readouterr() == ("", "")
    assert [str(each.message) for each in recwarn] == []
