"""What a person reads last of a tune about going on with it."""

from __future__ import annotations

from typing import Any

import pytest

from tfinfra.lifecycle.watch.trial_lines import closing_lines_of

LEFT: dict[str, tuple[list[tuple[str, int]], bool]] = {
    "all did well": ([("succeeded", 1), ("succeeded", 2)], False),
    "one that was lost was asked again": ([("lost", 1), ("succeeded", 2), ("succeeded", 1)], False),
    "one that was lost was not": ([("lost", 1), ("succeeded", 2)], True),
    "its second life was cut off too": ([("lost", 1), ("cancelled", 1)], True),
}


@pytest.mark.parametrize("case", LEFT)
def test_a_tune_is_to_be_gone_on_with_where_parameters_are_left_without_a_result(case: str) -> None:
    lives, goes_on = LEFT[case]
    trials: list[dict[str, Any]] = [
        {"number": number, "state": state, "parameters": {"--x": x}} for number, (state, x) in enumerate(lives, 1)
    ]
    lines = list(closing_lines_of({"tune": "digits-abc123", "metric": "acc", "best": None, "trials": trials}, "best"))
    assert any("--resume digits-abc123" in line for line in lines) == goes_on


def test_a_tune_whose_script_never_logged_the_metric_says_what_must_change_first() -> None:
    trials = [
        {"number": 1, "state": "succeeded", "parameters": {"--x": 1}},
        {"number": 2, "state": "cancelled", "parameters": {"--x": 2}},
    ]
    tune = {"tune": "digits-abc123", "metric": "acc", "best": None, "trials": trials}
    assert list(closing_lines_of(tune, "best", "a/tune.yaml"))[1:] == [
        "  once the script logs acc, `tfinfra tune a/tune.yaml --resume digits-abc123` goes on with what is left",
        "  with another tune.primary_metric_name, `tfinfra tune a/tune.yaml` begins a new search",
    ]
