"""Moments of documents: numbers inside, text outside, wherever the schema has one."""

from __future__ import annotations

from typing import Any

import pytest

from tfinfra.documents.moments import dated, spelt
from tfinfra.system.clock import unix_time

SPELT = {
    "a whole second": (1_795_514_400, "2026-11-24T10:00:00.000Z"),
    "a part of one": (1_795_514_400.4567, "2026-11-24T10:00:00.456Z"),
    "before all": (-5.0, "1970-01-01T00:00:00.000Z"),
    "after all": (1e12, "9999-12-31T23:59:59.000Z"),
}


@pytest.mark.parametrize(("seconds", "text"), SPELT.values(), ids=SPELT)
def test_a_moment_has_one_form(seconds: float, text: str) -> None:
    assert spelt(seconds) == text
    assert unix_time(text) >= 0


RUN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "moments and durations beside each other": (
        {"times": {"started": 1.0, "keep_seconds": 1.5}},
        {"times": {"started": "1970-01-01T00:00:01.000Z", "keep_seconds": 1.5}},
    ),
    "parts in a list": (
        {"tasks": [{"started": 1.0, "ended": None, "exit_status": 1}]},
        {"tasks": [{"started": "1970-01-01T00:00:01.000Z", "ended": None, "exit_status": 1}]},
    ),
    "text that is one already": ({"deadline": "2026-11-24T10:00:00Z"}, {"deadline": "2026-11-24T10:00:00Z"}),
    "what may be nothing": (
        {"waiting": {"since": 2, "until": None}},
        {"waiting": {"since": "1970-01-01T00:00:02.000Z", "until": None}},
    ),
    "numbers of other things": (
        {"exit_code": 3, "rehearse": True, "wings": 2},
        {"exit_code": 3, "rehearse": True, "wings": 2},
    ),
}


@pytest.mark.parametrize(("body", "expected"), RUN.values(), ids=RUN)
def test_only_moments_are_spelt(body: dict[str, Any], expected: dict[str, Any]) -> None:
    assert dated("status", body) == expected
