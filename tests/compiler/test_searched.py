"""What `plan` says of a search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.compiler.test_pool import planned
from tfinfra.cli.authoring.plan_search import search_lines
from tfinfra.compiler.summary.searched import policy_text, searched
from tfinfra.model.tuning import Expression, Policy, Tune

TUNE = Tune(
    sampling="random",
    parameter_space={"lr": Expression("loguniform", (-9.2, -2.3)), "--size": Expression("choice", (32, 64))},
    primary_metric_name="loss",
    primary_metric_goal="minimize",
    max_total_runs=10,
    max_concurrent_runs=4,
    max_duration_minutes=600,
    seed=7,
)


def test_a_person_reads_trials_waves_the_space_and_what_ends_it() -> None:
    assert [*search_lines(planned("single", tune=replace(TUNE, resume_from=("digits-x7k2pq",))), 36_000)] == [
        "\nsearch for the lowest loss",
        "  10 trials, 4 at a time on 1 node each: 3 waves",
        "  random sampling (seed 7) of sets without end",
        "    --lr    0.0001 … 0.1 (logarithmic)",
        "    --size  one of 32, 64",
        "  policy: none: every trial trains to its end",
        "  learns from digits-x7k2pq",
        "  a trial ends after 1 h, the tune after 10 h at the latest, or where three trials in a row fail alike",
    ]


def test_a_run_has_no_search() -> None:
    assert [*search_lines(planned("single", tune=None), 60)] == []


def test_a_space_that_has_fewer_sets_bounds_the_trials() -> None:
    few = replace(TUNE, parameter_space={"lr": Expression("choice", (1, 2, 3))}, max_concurrent_runs=2)
    found = searched(planned("single", tune=few), 60)
    assert found is not None
    assert (found.sets, found.trials, found.at_once, found.waves) == (3, 3, 2, 2)
    assert (found.trial_seconds, found.seconds) == (60, 60), "no trial outlives its tune"


POLICIES = {
    "each value from the first on": (
        Policy("median_stopping"),
        "median_stopping, looks at every value of the metric from number 1 on",
    ),
    "each third value after a delay": (
        Policy("bandit", evaluation_interval=3, delay_evaluation=5, slack_factor=0.1),
        "bandit, slack_factor 0.1, looks at every 3rd value of the metric from number 6 on",
    ),
    "each second value": (
        Policy("truncation_selection", evaluation_interval=2, truncation_percentage=20),
        "truncation_selection, truncation_percentage 20, looks at every 2nd value of the metric from number 2 on",
    ),
}


@pytest.mark.parametrize("words", POLICIES)
def test_a_policy_says_when_it_looks(words: str) -> None:
    policy, text = POLICIES[words]
    assert policy_text(policy) == text
