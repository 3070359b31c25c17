"""How a tune stands, for whoever watches it: out of its journal and the trials under way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tfinfra.lifecycle.trials.tune_at_home import trial_state
from tfinfra.lifecycle.tuning.trial_life import LiveTrial
from tfinfra.lifecycle.watch.tune_state import TrialState, TuneState
from tfinfra.model.tuning import Tune
from tfinfra.tuning.journal import Searched, Trial
from tfinfra.tuning.values import best_of


class TuneView:
    """What was made of a trial that has ended is kept: a look makes anew what may have changed, with ten thousand
    trials too. `slots` is how many trials live at once; those up to the number `earlier` are another tune's."""

    def __init__(self, run: str, tune: Tune, slots: int, earlier: int = 0) -> None:
        self._earlier = earlier
        self._run, self._tune, self._slots = run, tune, slots
        self._rows: dict[int, TrialState] = {}
        self._searched = Searched()
        self._final: Trial | None = None

    def state(self, searched: Searched, live: Iterable[LiveTrial]) -> TuneState:
        """All trials by their numbers. The best is the best so far, also while it trains. `searched` goes on from that
        of the look before."""
        tune = self._tune
        if searched is not self._searched:
            self._take(searched)
        rows = {trial.number: _live_state(trial, tune) for trial in live}
        for number, row in rows.items():
            if self._rows.get(number) != row:
                self._rows[number] = row
        trials = tuple(map(self._rows.__getitem__, sorted(self._rows)))
        best = self._best(rows)
        return TuneState(
            self._run,
            tune.primary_metric_name,
            tune.primary_metric_goal,
            trials,
            best,
            tune.max_total_runs,
            self._slots,
            self._earlier,
        )

    def _take(self, searched: Searched) -> None:
        """What has ended since the look before."""
        for number in searched.in_order[len(self._searched.in_order) :]:
            self._rows[number] = trial_state(self._run, searched.trials[number], "waiting")
        self._searched, self._final = searched, searched.best(self._tune.primary_metric_goal)

    def _best(self, live: Mapping[int, TrialState]) -> int | None:
        values = {number: row.best for number, row in live.items() if row.best is not None}
        if self._final is not None and self._final.best is not None:
            values[self._final.number] = self._final.best
        best = best_of(values.values(), self._tune.primary_metric_goal)
        return min((number for number, value in values.items() if value == best), default=None)


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
