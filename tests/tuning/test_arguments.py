"""A trial's parameters on its command line."""

from __future__ import annotations

import pytest

from tfinfra.model import Unfit, from_json, to_json
from tfinfra.model.tuning import Expression, Parameters, Policy, Tune
from tfinfra.tuning.arguments import same_flag, trial_arguments


def test_a_trial_has_the_runs_own_arguments_and_then_those_of_the_space() -> None:
    numbers: Parameters = {"lr": 1e-05, "--batch-size": 32, "-d": 0.5}
    parameters = numbers | {"--bias": True, "--act": "relu", "--momentum": -0.5}
    assert trial_arguments(("--epochs", "3"), parameters) == (
        *("--epochs", "3", "--lr", "1e-05", "--batch-size", "32", "-d", "0.5"),
        *("--bias", "True", "--act", "relu", "--momentum", "-0.5"),
    )


def test_dashes_do_not_tell_one_parameter_from_another() -> None:
    assert same_flag("--lr", "lr")
    assert not same_flag("--lr", "lr-decay")


def test_a_tune_comes_back_from_json_as_it_was() -> None:
    tune = Tune(
        sampling="random",
        parameter_space={
            "--lr": Expression("loguniform", (-9.2, -2.3)),
            "mixed": Expression("choice", (1, 2.0, "a", True, False)),
        },
        primary_metric_name="validation_acc",
        primary_metric_goal="maximize",
        max_total_runs=4,
        max_concurrent_runs=2,
        policy=Policy("bandit", slack_factor=0.1),
        resume_from=("digits-tune-x7k2pq",),
    )
    back = from_json(Tune, to_json(tune))
    assert back == tune
    assert [type(option) for option in back.parameter_space["mixed"].arguments] == [int, float, str, bool, bool]


def test_a_value_that_no_command_line_has_is_refused_with_its_place() -> None:
    with pytest.raises(Unfit, match=r"^arguments\[0\] is null, not one of text, a number, true or false$"):
        from_json(Expression, {"kind": "choice", "arguments": [None]})
