"""How a tune stands, as whoever watches it sees it: a row for each trial, and which is the best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from operator import itemgetter
from typing import Any, TypeGuard

from tfinfra.model.tuning import Scalar
from tfinfra.script import in_json

OVER = ("succeeded", "failed", "terminated", "limit", "error", "lost", "cancelled")
"""The states of a trial that has ended: a run's results; "terminated" by the policy; "lost" with its node."""


@dataclass(frozen=True)
class TrialState:
    """One trial, `trial` being its id. `state` is "waiting" (asked for, not begun), "running" or one of OVER. `latest`
    and `best` are values of the primary metric, None where there is none yet, `points` how many the leader has logged.
    `slot` is its place in the pool while it has one; `began` and `ended` are in Unix seconds; `why` says in a sentence
    what ended it, "" where it ended by itself, well."""

    number: int
    trial: str
    parameters: Mapping[str, Scalar]
    state: str
    latest: float | None = None
    best: float | None = None
    points: int = 0
    slot: int | None = None
    began: float | None = None
    ended: float | None = None
    why: str = ""

    def seconds(self, now: float) -> float | None:
        """How long it has lived, None before it began, and where nobody knows when it ended; `now` in Unix seconds."""
        if self.began is None or (self.ended is None and self.state in OVER):
            return None
        return max(0.0, (now if self.ended is None else self.ended) - self.began)


@dataclass(frozen=True)
class TuneState:
    """A whole tune. `goal` is "maximize" or "minimize" of the primary metric `metric`; `trials` are those that were
    asked for, by their numbers; `best` is the number of the best one, None where no trial has the metric yet; `total`
    how many there may be, `slots` how many live at once. Trials up to the number `earlier` were lived by the tune that
    this one goes on with. What is made of a state is made once: a view draws it many
    times, and a tune may have ten thousand trials."""

    tune: str
    metric: str
    goal: str
    trials: tuple[TrialState, ...]
    best: int | None
    total: int
    slots: int
    earlier: int = 0

    @property
    def best_trial(self) -> TrialState | None:
        return next((trial for trial in self.trials if trial.number == self.best), None)

    @cached_property
    def ranked(self) -> tuple[TrialState, ...]:
        """The trials by their best value, the best first; equal ones by their numbers, those without one last."""
        sign = -1.0 if self.goal == "maximize" else 1.0
        known = [(sign * trial.best, trial.number, trial) for trial in self.trials if _has_value(trial.best)]
        rest = (trial for trial in self.trials if not _has_value(trial.best))
        return (*(trial for *_, trial in sorted(known, key=itemgetter(0, 1))), *rest)

    @cached_property
    def going(self) -> tuple[TrialState, ...]:
        """Those that have not ended, in their order."""
        return tuple(trial for trial in self.trials if trial.state not in OVER)

    @cached_property
    def states(self) -> Counter[str]:
        """How many trials are in each state."""
        return Counter(trial.state for trial in self.trials)


def _has_value(best: float | None) -> TypeGuard[float]:
    return best is not None and not isnan(best)


def tune_document(state: TuneState) -> dict[str, Any]:
    """The tune as documents have it, the best trial first; moments in Unix seconds."""
    return {
        "tune": state.tune,
        "metric": state.metric,
        "goal": state.goal,
        "total": state.total,
        "slots": state.slots,
        "best": state.best,
        "trials": [_trial_document(trial) for trial in state.ranked],
    }


def _trial_document(trial: TrialState) -> dict[str, Any]:
    return {
        "number": trial.number,
        "run": trial.trial,
        "state": trial.state,
        "parameters": {n: in_json(v) if isinstance(v, float) else v for n, v in trial.parameters.items()},
        "best": None if trial.best is None else in_json(trial.best),
        "latest": None if trial.latest is None else in_json(trial.latest),
        "points": trial.points,
        "started": trial.began,
        "ended": trial.ended,
        "message": trial.why,
    }
