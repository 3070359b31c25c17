"""A tune, from Python: HyperDrive's own run, with its trials as child runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.api.run import Documents, Numbers, Run
from tfinfra.api.told import told
from tfinfra.errors import TfinfraError, UsageError
from tfinfra.lifecycle.trials.tune_at_home import tune_at_home
from tfinfra.lifecycle.watch.tune_state import TrialState, TuneState
from tfinfra.tuning.values import best_of

_STATUSES = {"waiting": "NotStarted", "running": "Running", "succeeded": "Completed", "limit": "Completed"}
_STATUSES |= {"terminated": "Canceled", "cancelled": "Canceled"}


class HyperDriveRun(Run):
    """A tune, by its id, as `Experiment.submit(HyperDriveConfig(…))` gives it. Its children are its trials: runs with
    files, logs and metrics of their own. Of one that another machine began, the trials are listed for as long as its
    store is there."""

    def __init__(self, experiment: Any = None, run_id: str | None = None, hyperdrive_config: Any = None) -> None:
        super().__init__(experiment, run_id)
        self._config = hyperdrive_config

    @property
    def type(self) -> str:
        return "hyperdrive"

    @property
    def hyperdrive_config(self) -> Any:
        """What it was submitted with, None of one that was found by its id."""
        return self._config

    def get_children(self, *given: Any, **named: Any) -> Iterator[Run]:
        """The trials, by their numbers."""
        del given, named
        return (Run(self.experiment, trial.trial) for trial in self._tune().trials)

    def get_best_run_by_primary_metric(
        self, include_failed: bool = True, include_canceled: bool = True, include_resume_from_runs: bool = True
    ) -> Run | None:
        """The trial with the best value of the primary metric, None where none has one. Failed trials and those that a
        policy or a cancel ended have values too, unless they are not to count; those of the tunes that this one resumes
        from count as its own."""
        left_out = [*([] if include_failed else ["Failed"]), *([] if include_canceled else ["Canceled"])]
        tunes = [self, *(self._resumed() if include_resume_from_runs else ())]
        found = [child for tune in tunes for child in tune.get_children_sorted_by_primary_metric()]
        able = [child for child in found if child["best_primary_metric"] is not None]
        counted = [child for child in able if child["status"] not in left_out]
        if not counted:
            return None
        best = max if self._tune().goal == "maximize" else min
        return Run(self.experiment, best(counted, key=lambda child: child["best_primary_metric"])["run_id"])

    def get_children_sorted_by_primary_metric(
        self, top: int = 0, reverse: bool = False, discard_no_metric: bool = False
    ) -> Documents:
        """A dict for each trial, the best first, with run_id, hyperparameters (JSON), best_primary_metric and status.
        `reverse` puts the best last; trials without the metric come after all others, or not at all with
        `discard_no_metric`; `top` cuts the list, 0 does not."""
        if top < 0:
            raise told(UsageError(f"top is {top}", hint="write how many trials are wanted, or 0 for all"))
        tune = self._tune()
        children = [self._child(trial, tune) for trial in tune.trials]
        able = [child for child in children if child["best_primary_metric"] is not None]
        able.sort(key=lambda child: child["best_primary_metric"], reverse=(tune.goal == "maximize") != reverse)
        rest = [] if discard_no_metric else [each for each in children if each["best_primary_metric"] is None]
        return [*able, *rest][: top or None]

    def get_hyperparameters(self) -> dict[str, str]:
        """{id of a trial: its parameters as JSON}."""
        return {trial.trial: _as_json(trial.parameters) for trial in self._tune().trials}

    def get_metrics(  # type: ignore[override]  # HyperDrive's own: a mapping more
        self, name: str | None = None, recursive: bool = False, run_type: str | None = None, populate: bool = False
    ) -> dict[str, dict[str, float | Numbers]]:
        """{id of a trial: its metrics, as `Run.get_metrics` gives them}; {} of one that has logged none."""
        return {run.id: _metrics(run, name, recursive, run_type, populate) for run in self.get_children()}

    def _tune(self) -> TuneState:
        found = tune_at_home(self._folder)
        if found is not None:
            return found
        if not self._is_known_here:
            return self._tune_from_elsewhere()
        tune = self._submitted().get("tune")
        if not isinstance(tune, Mapping):
            raise told(UsageError(f"{self.id} is no tune", hint=f"write Run('{self.id}')"))
        metric, goal = (str(tune.get(f"primary_metric_{what}")) for what in ("name", "goal"))
        return TuneState(self.id, metric, goal.lower(), (), None, 0, 0)  # it compiles

    def _tune_from_elsewhere(self) -> TuneState:
        from tfinfra.lifecycle.attach.of_a_tune import known_tune

        try:
            return known_tune(self.id)
        except UsageError as error:
            raise told(error) from None

    def _resumed(self) -> Iterator[HyperDriveRun]:
        plan = self._plan()
        for name in plan.tune.resume_from if plan is not None and plan.tune is not None else ():
            other = HyperDriveRun(self.experiment, name)
            if other._is_known_here:
                yield other

    def _child(self, trial: TrialState, tune: TuneState) -> dict[str, Any]:
        best = trial.best
        if best is None and trial.state == "running":
            best = self._best_so_far(trial, tune)
        return {
            "run_id": trial.trial,
            "hyperparameters": _as_json(trial.parameters),
            "best_primary_metric": best,
            "status": _STATUSES.get(trial.state, "Failed"),
        }

    def _best_so_far(self, trial: TrialState, tune: TuneState) -> float | None:
        """Of a trial under way, whose values are in its store alone."""
        values = _metrics(Run(self.experiment, trial.trial), tune.metric).get(tune.metric)
        known = [value for value in (values if isinstance(values, list) else [values]) if value is not None]
        return best_of(known, tune.goal)


def run_of_kind(experiment: Any, run_id: str) -> Run:
    """The run of this id as what it is, as far as this machine knows: a HyperDriveRun of a tune, else a Run. Raises
    UsageError for what is no run id."""
    run = Run(experiment, run_id)
    plan = run._plan()
    searches = plan.tune is not None if plan is not None else "tune" in run._submitted()
    return HyperDriveRun(experiment, run_id) if searches else run


def _as_json(parameters: Mapping[str, Any]) -> str:
    return json.dumps(dict(parameters), ensure_ascii=False)


def _metrics(run: Run, name: str | None, *given: Any) -> dict[str, float | Numbers]:
    try:
        return run.get_metrics(name, *given)
    except TfinfraError:  # a trial that is about to begin, or whose files were removed
        return {}
