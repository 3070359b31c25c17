"""Keys within `tune` that are other tools' words."""

from __future__ import annotations

from typing import Any

import pytest

from tfinfra.manifest.key_schema import MANIFEST
from tfinfra.manifest.words.unknown_key import way_out_of_unknown

SPACE = ("tune", "parameter_space", "--lr")
WORDS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "a sweep's sampling": (("tune", "sampling_algorithm"), "random", "write sampling"),
    "a sweep's space": (("tune", "search_space"), {}, "write parameter_space"),
    "a metric": (("tune", "metric"), "acc", "write primary_metric_name"),
    "Optuna's direction": (("tune", "direction"), "maximize", "write primary_metric_goal"),
    "a sweep's trials": (("tune", "max_total_trials"), 4, "write max_total_runs"),
    "Katib's trials at a time, in camel case": (("tune", "parallelTrialCount"), 4, "write max_concurrent_runs"),
    "a sweep's policy": (("tune", "early_termination"), {}, "write policy"),
    "a slip": (("tune", "max_total_run"), 4, "did you mean 'max_total_runs'?"),
    "a distribution by its type": (
        (*SPACE, "type"),
        "loguniform",
        "the distribution is the key: write loguniform: [min_value, max_value], and nothing beside it",
    ),
    "values without a type": ((*SPACE, "values"), [1, 2], "write choice: […], and nothing beside it"),
    "bounds without a type": ((*SPACE, "min"), 1, "write uniform: [min, max], and nothing beside it"),
    "a slip in a distribution": ((*SPACE, "unifrom"), [1, 2], "did you mean 'uniform'?"),
    "a policy by its type": (
        ("tune", "policy", "type"),
        "median_stopping",
        "the policy is the key: write policy: {median_stopping: {…}}, with its settings in it",
    ),
    "a setting beside the policy's type": (
        ("tune", "policy", "truncation_percentage"),
        20,
        "it belongs below the policy's name: write policy: {truncation_selection: {truncation_percentage: …}}",
    ),
}


@pytest.mark.parametrize(("path", "value", "hint"), WORDS.values(), ids=WORDS)
def test_another_tools_word_is_met_with_ours(path: tuple[str, ...], value: Any, hint: str) -> None:
    assert way_out_of_unknown(path, value, MANIFEST) == hint
