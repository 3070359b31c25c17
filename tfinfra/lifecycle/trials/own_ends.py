"""How trials ended that no client watched: by their records, and by what came home of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tfinfra.errors import Result
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.watch.home_points import logged_at_home
from tfinfra.model import Point
from tfinfra.model.trials import trial_id
from tfinfra.model.tuning import Tune
from tfinfra.system.clock import right_now
from tfinfra.tuning.journal import Ended, Trial, best_figure, figures_of

_OWN_ENDS = (Result.SUCCEEDED, Result.FAILED, Result.LIMIT)
"""How a trial ends by itself, whether or not a client is there."""


def own_end(folder: RunFolder, trial: Trial, tune: Tune) -> Ended | None:
    """The end of a trial of the tune in `folder`; None where it has not ended by itself, or is not at home."""
    record = folder.of(trial_id(folder.path.name, trial.number)).read()
    if record is None or record.result not in _OWN_ENDS or not record.fetched:
        return None
    values = _values(record, tune.primary_metric_name)
    at = record.times.get("ended", right_now())
    best = best_figure(values, tune.primary_metric_goal)
    why = "" if record.result == Result.SUCCEEDED else record.message
    return Ended(trial.number, str(record.result), why, at, figures_of(values), best)


def _values(record: RunRecord, metric: str) -> list[float]:
    """The leader's values of the metric, out of its file at home; none where there is none."""
    logged = logged_at_home(Path(record.results), record.leader, Counter())
    points = (each for each in logged if isinstance(each, Point) and each.task == record.leader and not each.run)
    return [point.value for point in points if point.name == metric]
