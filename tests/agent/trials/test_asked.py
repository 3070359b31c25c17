"""What a trial is asked by, read as from a stranger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.model import Unfit, decode, to_json
from tfinfra.model.trials import TrialAsked, trial_id

ASKED = TrialAsked("digits-x7k2pq-t00007", ("--rate", "0.1"), "2026-12-01T16:00:00Z", "max_run_duration", 600)


def test_what_is_asked_comes_back_as_it_was() -> None:
    assert decode(TrialAsked, json.dumps(to_json(ASKED)).encode()) == ASKED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("trial", "../digits-t00007", id="an id is never a path"),
        pytest.param("trial", "digits-x7k2pq", id="a run is no trial"),
        pytest.param("arguments", ["\0"], id="no program takes a NUL"),
        pytest.param("arguments", ["a" * 60_000] * 2, id="the kernel takes no command of any length"),
        pytest.param("deadline", "soon", id="a deadline is a time"),
        pytest.param("run_seconds", -1, id="no trial ends before it began"),
    ],
)
def test_what_is_none_is_refused(field: str, value: Any) -> None:
    with pytest.raises(Unfit, match=field):
        decode(TrialAsked, json.dumps({**to_json(ASKED), field: value}).encode())


def test_a_trial_of_a_short_name_has_an_id_as_runs_have() -> None:
    assert trial_id("digits-x7k2pq", 7) == ASKED.trial
    assert RUN_ID.fullmatch(ASKED.trial)
