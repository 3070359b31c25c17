"""Which sets of parameters a tune asks."""

from __future__ import annotations

import pytest

from tests.tuning.tunes import a_tune
from tfinfra.model.tuning import Expression, Parameters, Tune
from tfinfra.tuning.draws import sampler
from tfinfra.tuning.journal import Trial
from tfinfra.tuning.sets import space_size

OPTIONS = {"--lr": Expression("choice", (0.1, 0.01)), "--batch": Expression("choice", (32, 64, 128))}


def asked(tune: Tune, count: int, trials: tuple[Trial, ...] = (), warm: tuple[Trial, ...] = ()) -> list[Parameters]:
    one = sampler(tune, trials, warm)
    found = [one.ask(number) for number in range(len(trials), count)]
    return [each for each in found if each is not None]


def as_trials(sets: list[Parameters], best: float | None = 0.5) -> tuple[Trial, ...]:
    return tuple(Trial(number, each, 0.0, result="succeeded", best=best) for number, each in enumerate(sets))


def test_a_grid_asks_each_set_once_with_the_last_name_changing_fastest() -> None:
    assert asked(a_tune(sampling="grid", space=OPTIONS), 10) == [
        {"--lr": lr, "--batch": batch} for lr in (0.1, 0.01) for batch in (32, 64, 128)
    ]


@pytest.mark.parametrize("sampling", ["random", "bayesian"])
def test_each_set_of_a_small_space_is_asked_once_and_then_the_search_ends(sampling: str) -> None:
    found = asked(a_tune(sampling=sampling, space=OPTIONS), 10)
    assert len({tuple(each.values()) for each in found}) == len(found) == space_size(OPTIONS) == 6
    assert found != asked(a_tune(sampling="grid", space=OPTIONS), 10)


def test_a_rare_set_is_asked_too() -> None:
    space = {"n": Expression("choice", (1,) * 5000 + (2,))}
    assert asked(a_tune(space=space), 3) in ([{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 1}])


def test_a_tune_goes_on_as_it_would_have() -> None:
    for sampling in ("random", "grid", "bayesian"):
        tune = a_tune(sampling=sampling, space=OPTIONS)
        whole = sampler(tune, ())
        before: list[Parameters] = []
        for number in range(4):
            before.append(whole.ask(number) or {})
            whole.tell(number, 0.5)
        assert sampler(tune, as_trials(before)).ask(4) == whole.ask(4)


def test_another_seed_gives_other_sets() -> None:
    assert asked(a_tune(), 5) == asked(a_tune(), 5)
    assert asked(a_tune(), 5) != asked(a_tune(seed=8), 5)


def test_one_parameter_more_leaves_the_others() -> None:
    space = {"--lr": Expression("uniform", (0.0, 1.0))}
    wider = {"--first": Expression("randint", (9,)), **space}
    assert [each["--lr"] for each in asked(a_tune(space=wider), 5)] == [
        each["--lr"] for each in asked(a_tune(space=space), 5)
    ]


def test_sets_that_earlier_tunes_have_a_value_for_are_not_asked_again() -> None:
    for sampling in ("random", "grid", "bayesian"):
        tune = a_tune(sampling=sampling, space=OPTIONS)
        first = asked(tune, 4)
        rest = asked(tune, 10, warm=as_trials(first))
        assert len(rest) == 2
        assert not [each for each in rest if each in first]
        assert len(asked(tune, 10, warm=as_trials(first, best=None))) == 6


def test_trials_of_another_space_say_nothing_to_this_one() -> None:
    other = as_trials([{"--depth": 3}, {"--lr": 0.1, "--batch": 7}])
    for sampling in ("random", "grid", "bayesian"):
        tune = a_tune(sampling=sampling, space=OPTIONS)
        assert asked(tune, 3, warm=other) == asked(tune, 3)


def test_the_size_of_a_space() -> None:
    assert space_size({"a": Expression("quniform", (0, 10, 5)), "b": Expression("choice", (1, 1, 2))}) == 6
    assert space_size({"a": Expression("randint", (5,)), "b": Expression("uniform", (0, 1))}) is None
