"""What a tune searches, and how: the words are those of HyperDrive, the service's own search (azureml-train-core 1.62).
The fields have the names of the manifest's keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfinfra.model.shapes import Count, Line, Many, Name, between, one_of

Scalar = str | int | float | bool
"""A value of a parameter."""
Parameters = dict[str, Scalar]
"""One set of parameters of a trial: each name of the space with its value, in the space's order."""
EXPRESSIONS = {
    "choice": ("options",),
    "randint": ("upper",),
    "uniform": ("min_value", "max_value"),
    "quniform": ("min_value", "max_value", "q"),
    "loguniform": ("min_value", "max_value"),
    "qloguniform": ("min_value", "max_value", "q"),
    "normal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "lognormal": ("mu", "sigma"),
    "qlognormal": ("mu", "sigma", "q"),
}
"""The kinds of expression with the names of their arguments, in HyperDrive's order. `options` are any number."""
SAMPLINGS = {
    "random": tuple(EXPRESSIONS),
    "grid": ("choice",),
    "bayesian": ("choice", "uniform", "quniform"),
}
"""The samplings with the kinds of expression that each takes."""
POLICIES = ("bandit", "median_stopping", "truncation_selection")
GOALS = ("maximize", "minimize")
MAX_DURATION_MINUTES = 10080
"""What HyperDrive takes where `max_duration_minutes` is not given: a week."""
MOST_RESUMED = 5
"""Tunes that `resume_from` may name."""


@dataclass(frozen=True)
class Expression:
    """How the values of one parameter are drawn: a kind of EXPRESSIONS with its arguments, all numbers but for
    `choice`, which has its options."""

    kind: Annotated[str, one_of(*EXPRESSIONS)]
    arguments: tuple[Scalar, ...]


@dataclass(frozen=True)
class Policy:
    """When a running trial ends early. An interval is one logging of the primary metric by the leader.

    A bandit has exactly one of `slack_factor` (a share of the trial's own best) and `slack_amount` (in the metric's
    unit); `truncation_selection` has `truncation_percentage`, 1 to 99. The policy looks at a trial at each multiple of
    `evaluation_interval` that is not below `delay_evaluation`.
    """

    kind: Annotated[str, one_of(*POLICIES)]
    evaluation_interval: Annotated[int, between(1, 1_000_000)] = 1
    delay_evaluation: Count = 0
    slack_factor: float | None = None
    slack_amount: float | None = None
    truncation_percentage: Annotated[int, between(1, 99)] | None = None


@dataclass(frozen=True)
class Tune:
    """A search with every default filled in. `sampling` is one of SAMPLINGS; keys of `parameter_space` are flags
    (`--lr`) or bare names (`lr`), in the order written. `max_total_runs` counts trials; `policy` None lets each trial
    train to its end; `resume_from` names earlier tunes whose trials are told to this one. What is drawn follows from
    `seed` alone."""

    sampling: Annotated[str, one_of(*SAMPLINGS)]
    parameter_space: dict[str, Expression]
    primary_metric_name: Line
    primary_metric_goal: Annotated[str, one_of(*GOALS)]
    max_total_runs: Count
    max_concurrent_runs: Count
    max_duration_minutes: Count = MAX_DURATION_MINUTES
    policy: Policy | None = None
    resume_from: tuple[Name, ...] = ()
    seed: Many = 0
