"""HyperDrive's own examples, with the import's line changed: what they make is a manifest's key `tune`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tfinfra
from tfinfra import (
    BanditPolicy,
    BayesianParameterSampling,
    GridParameterSampling,
    HyperDriveConfig,
    MedianStoppingPolicy,
    NoTerminationPolicy,
    PrimaryMetricGoal,
    RandomParameterSampling,
    Run,
    TensorFlow,
    TruncationSelectionPolicy,
    choice,
    loguniform,
    normal,
    quniform,
    randint,
    uniform,
)
from tfinfra.errors import UsageError
from tfinfra.manifest.arguments import argument_document
from tfinfra.manifest.manifest import manifest_of
from tfinfra.model.tuning import EXPRESSIONS, Expression, Policy


def estimator(**others: Any) -> TensorFlow:
    return TensorFlow(source_directory="src", entry_script="train.py", script_params={"--epochs": 3}, **others)


def test_the_example_of_the_documents() -> None:
    config = HyperDriveConfig(
        estimator=estimator(),
        hyperparameter_sampling=RandomParameterSampling(
            {"batch_size": choice(16, 32, 64, 128), "number_of_hidden_layers": choice(range(1, 5))}
        ),
        policy=BanditPolicy(slack_factor=0.1, evaluation_interval=1, delay_evaluation=5),
        primary_metric_name="accuracy",
        primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
        max_total_runs=100,
        max_concurrent_runs=4,
    )
    assert config.arguments == {
        "source_directory": "src",
        "entry_script": "train.py",
        "script_params": {"--epochs": 3},
        "tune": {
            "sampling": "random",
            "parameter_space": {
                "batch_size": {"choice": [16, 32, 64, 128]},
                "number_of_hidden_layers": {"choice": [1, 2, 3, 4]},
            },
            "primary_metric_name": "accuracy",
            "primary_metric_goal": "maximize",
            "max_total_runs": 100,
            "max_concurrent_runs": 4,
            "max_duration_minutes": 10080,
            "policy": {"bandit": {"evaluation_interval": 1, "delay_evaluation": 5, "slack_factor": 0.1}},
            "seed": 0,
        },
    }


POLICIES = {
    "median": (MedianStoppingPolicy(evaluation_interval=2), Policy("median_stopping", 2)),
    "truncation": (TruncationSelectionPolicy(20, 1, 5), Policy("truncation_selection", 1, 5, None, None, 20)),
    "a bandit's amount, by position": (BanditPolicy(1, None, 0.2, 3), Policy("bandit", 1, 3, None, 0.2)),
    "none by its name": (NoTerminationPolicy(), None),
    "none": (None, None),
}


@pytest.mark.parametrize(("policy", "value"), POLICIES.values(), ids=POLICIES)
def test_the_manifest_reads_what_the_configuration_says(policy: Any, value: Policy | None) -> None:
    space = {name: made(EXPRESSIONS[name]) for name in EXPRESSIONS} | {"--bias": choice(True, False)}
    config = HyperDriveConfig(
        RandomParameterSampling(space), "loss", "minimize", 8, policy=policy, run_config=estimator(), seed=7
    )
    tune = manifest_of(argument_document(config.arguments), frozenset()).tune
    assert tune is not None
    assert (tune.sampling, tune.primary_metric_goal, tune.seed, tune.policy) == ("random", "minimize", 7, value)
    as_given = {name: (each,) for name, each in space.items()}
    assert tune.parameter_space == as_given | {"--bias": (Expression("choice", ("True", "False")),)}


def made(names: tuple[str, ...]) -> Expression:
    """An expression of each kind, by its function."""
    arguments = {"options": 32, "upper": 10, "min_value": 1, "max_value": 2, "q": 1, "mu": 1, "sigma": 0.5}
    kind = next(kind for kind, others in EXPRESSIONS.items() if others is names)
    found = getattr(tfinfra, kind)(*(arguments[name] for name in names))
    assert isinstance(found, Expression)
    return found


def test_earlier_tunes_are_named_by_run_or_id() -> None:
    config = HyperDriveConfig(
        BayesianParameterSampling({"--lr": uniform(0.05, 0.1), "--hidden": quniform(32, 256, 32)}),
        *("acc", PrimaryMetricGoal.MAXIMIZE, 8),
        estimator=estimator(),
        resume_from=[Run("digits-abcdef"), "digits-ghijkl"],
    )
    assert config.arguments["tune"]["resume_from"] == ["digits-abcdef", "digits-ghijkl"]


def configured(**others: Any) -> HyperDriveConfig:
    return HyperDriveConfig(RandomParameterSampling({"--lr": uniform(0, 1)}), "acc", "maximize", 4, **others)


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "grid of a distribution": (
        lambda: GridParameterSampling({"--lr": uniform(0, 1)}),
        "--lr is uniform, and grid sampling takes choice alone\nhint: write RandomParameterSampling(…), which takes it",
    ),
    "bayesian of a logarithm": (
        lambda: BayesianParameterSampling({"--lr": loguniform(-3, -1)}),
        "bayesian sampling takes choice, uniform, quniform alone",
    ),
    "a number in place of an expression": (
        lambda: RandomParameterSampling({"--lr": 0.1}),  # type: ignore[dict-item]
        "hint: write choice(0.1), or leave it to script_params",
    ),
    "an empty space": (lambda: RandomParameterSampling({}), "parameter_space is empty"),
    "no choice": (choice, "choice needs at least one value"),
    "an object as an option": (lambda: choice(object()), "an object of type object, not text or a number"),
    "a range the wrong way round": (lambda: uniform(2, 1), "needs a min_value below its max_value; they are 2 and 1"),
    "text as a number": (lambda: normal("0", 1), "mu is '0'"),  # type: ignore[arg-type]
    "nothing below": (lambda: randint(0), "whole number above 0"),
    "both slacks": (lambda: BanditPolicy(slack_factor=0.1, slack_amount=0.1), "BanditPolicy needs exactly one of"),
    "text as an interval": (
        lambda: MedianStoppingPolicy("1"),  # type: ignore[arg-type]
        "evaluation_interval is an object of type str, not a whole number",
    ),
    "a share of all": (lambda: TruncationSelectionPolicy(100), "between 1 and 99"),
    "another goal": (lambda: PrimaryMetricGoal.from_str("more"), "neither maximize nor minimize"),
    "no estimator": (configured, "HyperDriveConfig has no estimator"),
    "two estimators": (lambda: configured(estimator=estimator(), run_config=estimator()), "both estimator and run_con"),
    "a pipeline": (lambda: configured(pipeline=1, estimator=estimator()), "takes no pipeline here"),
    "child runs": (lambda: configured(resume_child_runs=[1], estimator=estimator()), "resume_from=[the tune]"),
    "six earlier tunes": (lambda: configured(resume_from=["a"] * 6, estimator=estimator()), "takes 5 at most"),
    "a script's configuration": (lambda: configured(run_config=object()), "not a TensorFlow estimator"),
    "a policy's class": (lambda: configured(policy=BanditPolicy, estimator=estimator()), "the class BanditPolicy"),
}


@pytest.mark.parametrize(("make", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_where_it_is_written(make: Callable[[], object], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        make()
    assert words in str(raised.value)
