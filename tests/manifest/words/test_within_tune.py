"""Keys within `tune` that are other tools' words."""

from __future__ import annotations

from typing import Any

import pytest

from tfinfra.manifest.key_schema import MANIFEST
from tfinfra.manifest.words.unknown_key import way_out_of_unknown
from tfinfra.manifest.words.wrong_kind import way_out_of_wrong_kind
from tfinfra.manifest.words.wrong_value import way_out_of_wrong_value

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
    "HyperDrive's name of a policy": (("tune", "policy", "BanditPolicy"), {}, "write bandit"),
    "a setting beside the policy's type": (
        ("tune", "policy", "truncation_percentage"),
        20,
        "it belongs below the policy's name: write policy: {truncation_selection: {truncation_percentage: …}}",
    ),
}


@pytest.mark.parametrize(("path", "value", "hint"), WORDS.values(), ids=WORDS)
def test_another_tools_word_is_met_with_ours(path: tuple[str, ...], value: Any, hint: str) -> None:
    assert way_out_of_unknown(path, value, MANIFEST) == hint


MEANT: dict[str, tuple[str, Any, str]] = {
    "Optuna's sampler": ("sampling", "tpe", "write bayesian"),
    "Keras Tuner's search": ("sampling", "GridSearch", "write grid"),
    "a short goal": ("primary_metric_goal", "max", "write maximize"),
    "British spelling": ("primary_metric_goal", "minimise", "write minimize"),
}


@pytest.mark.parametrize(("key", "value", "hint"), MEANT.values(), ids=MEANT)
def test_another_tools_value_is_met_with_ours(key: str, value: Any, hint: str) -> None:
    assert way_out_of_wrong_value(("tune", key), value) == hint


KINDS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "a number alone": (("--lr",), 0.1, "for example {uniform: [0.001, 0.1]}; a value that stays the same"),
    "a list alone": (("--lr",), [1, 2], "write {choice: [1, 2]}"),
    "one option": (("--lr", "choice"), 5, "write a list: {choice: [5]}"),
    "arguments by their names": (("--lr", "uniform"), {"max_value": 2, "min_value": 1}, "write a list: [1, 2]"),
    "arguments as text": (("--lr", "uniform"), "0, 1", "write [0, 1]"),
}


@pytest.mark.parametrize(("below", "value", "hint"), KINDS.values(), ids=KINDS)
def test_a_parameter_of_another_kind_is_met_with_its_form(below: tuple[str, ...], value: Any, hint: str) -> None:
    assert (way_out_of_wrong_kind(("tune", "parameter_space", *below), ["dict"], value) or "").startswith(hint)
