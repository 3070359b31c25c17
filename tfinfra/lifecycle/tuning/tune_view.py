"""How a tune stands, for whoever watches it: out of its journal and the trials under way."""

from __future__ import annotations

from collections.abc import Iterable

from tfinfra.lifecycle.trials.tune_at_home import trial_state
from tfinfra.lifecycle.tuning.trial_life import LiveTrial
from tfinfra.lifecycle.watch.tune_state import TrialState, TuneState
from tfinfra.model.tuning import Tune
from tfinfra.tuning.journal import Searched
from tfinfra.tuning.values import best_of


def tune_state(run: str, tune: Tune, searched: Searched, live: Iterable[LiveTrial], slots: int) -> TuneState:
    """All trials by their numbers. The best is the best so far, also while it trains."""
    under_way = {trial.number: trial for trial in live}
    shown = tuple(
        _live_state(under_way[trial.number], tune) if trial.number in under_way else trial_state(run, trial, "waiting")
        for trial in searched.trials.values()
        if trial.number in under_way or trial.result is not None
    )
    final = searched.best(tune.primary_metric_goal)
    values = {trial.number: trial.best for trial in shown if trial.number in under_way and trial.best is not None}
    if final is not None and final.best is not None:
        values[final.number] = final.best
    best = best_of(values.values(), tune.primary_metric_goal)
    number = min((number for number, value in values.items() if value == best), default=None)
    return TuneState(run, tune.primary_metric_name, tune.primary_metric_goal, shown, number, tune.max_total_runs, slots)


def _live_state(trial: LiveTrial, tune: Tune) -> TrialState:
    values = trial.points.values
    return TrialState(
        number=trial.number,
        trial=trial.trial,
        parameters=trial.parameters,
        state="waiting" if trial.began is None else "running",
        latest=values[-1] if values else None,
        best=best_of(values, tune.primary_metric_goal),
        points=len(values),
        slot=trial.slot,
        began=trial.began,
    )
