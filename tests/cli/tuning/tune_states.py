"""Tunes as their watchers see them, made up."""

from __future__ import annotations

from typing import Any

from tfinfra.lifecycle.watch.tune_state import TrialState, TuneState


def a_trial(number: int, state: str = "running", value: float | None = None, **changes: Any) -> TrialState:
    values: dict[str, Any] = {
        "number": number,
        "trial": f"digits-tune-abc123-t{number:05d}",
        "parameters": {"--learning-rate": 0.00123456 * (number + 1), "--batch-size": 32},
        "state": state,
        "latest": value,
        "best": value,
        "began": 1000.0,
        "ended": None if state in ("running", "waiting") else 1012.0,
    }
    return TrialState(**{**values, **changes})


def a_tune(*trials: TrialState, best: int | None = None, **changes: Any) -> TuneState:
    values: dict[str, Any] = {"metric": "validation_acc", "goal": "maximize", "total": 400, "slots": 4}
    return TuneState("digits-tune-abc123", trials=trials, best=best, **{**values, **changes})


def a_large_tune(trials: int = 400) -> TuneState:
    """All but the last four have ended; the best is the one in the middle."""
    values = [0.5 + 0.4 * number / trials for number in range(trials)]
    values[trials // 2] = 0.99
    states = ["failed" if number % 10 == 9 else "succeeded" for number in range(trials - 4)]
    ended = [a_trial(n, s, None if s == "failed" else values[n]) for n, s in enumerate(states)]
    running = [a_trial(number, "running", 0.4) for number in range(trials - 4, trials)]
    return a_tune(*ended, *running, best=trials // 2)
