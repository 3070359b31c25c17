"""A search as HyperDrive's configuration: an estimator, and how its parameters are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from tfinfra.api.estimator import TensorFlow
from tfinfra.api.plain import kind_of
from tfinfra.api.run import Run
from tfinfra.api.successor import Successor
from tfinfra.api.told import told
from tfinfra.api.tuning.policies import EarlyTerminationPolicy
from tfinfra.api.tuning.samplings import HyperParameterSampling
from tfinfra.errors import UsageError
from tfinfra.manifest.tuning.keys import policy_as_written, space_as_written
from tfinfra.model.tuning import GOALS, MAX_DURATION_MINUTES, MOST_RESUMED

_SAMPLING = "write RandomParameterSampling({'--learning-rate': loguniform(-9.2, -2.3)})"


class PrimaryMetricGoal(Enum):
    """Whether more of the metric is better."""

    MAXIMIZE = "MAXIMIZE"
    MINIMIZE = "MINIMIZE"

    @staticmethod
    def from_str(goal: Any) -> PrimaryMetricGoal:
        """The goal of that name, in any case. Raises UsageError for another."""
        if not isinstance(goal, str) or goal.lower() not in GOALS:
            raise told(UsageError("the primary metric's goal is neither maximize nor minimize"))
        return PrimaryMetricGoal[goal.upper()]


class HyperDriveConfig(Successor):
    """What `Experiment.submit` makes a tune of. Arguments by position have HyperDrive's order; `max_concurrent_runs`
    None lives all trials at once, on a node each. `run_config` is taken for `estimator`: one of the two is a TensorFlow
    estimator. `seed` is what all draws follow from.

    Raises UsageError for arguments of another kind; what they mean together is checked by `submit`.
    """

    def __init__(
        self,
        hyperparameter_sampling: HyperParameterSampling,
        primary_metric_name: str,
        primary_metric_goal: PrimaryMetricGoal | str,
        max_total_runs: int,
        max_concurrent_runs: int | None = None,
        max_duration_minutes: int = MAX_DURATION_MINUTES,
        policy: EarlyTerminationPolicy | None = None,
        estimator: TensorFlow | None = None,
        run_config: TensorFlow | None = None,
        resume_from: Run | str | Sequence[Run | str] | None = None,
        resume_child_runs: Any = None,
        pipeline: Any = None,
        *,
        seed: int = 0,
    ) -> None:
        _refuse(resume_child_runs, "resume_child_runs", "write resume_from=[the tune]: its trials guide this one")
        _refuse(pipeline, "pipeline", "write estimator=TensorFlow(…): a trial is one training")
        _require("hyperparameter_sampling", hyperparameter_sampling, HyperParameterSampling, _SAMPLING)
        if policy is not None:
            _require("policy", policy, EarlyTerminationPolicy, "write BanditPolicy(slack_factor=0.1)")
        if not isinstance(primary_metric_goal, PrimaryMetricGoal):
            primary_metric_goal = PrimaryMetricGoal.from_str(primary_metric_goal)
        self.estimator = _one_estimator(estimator, run_config)
        self._tune = {
            "sampling": hyperparameter_sampling.SAMPLING_NAME,
            "parameter_space": space_as_written(hyperparameter_sampling.parameter_space),
            "primary_metric_name": primary_metric_name,
            "primary_metric_goal": primary_metric_goal.name.lower(),
            "max_total_runs": max_total_runs,
            "max_concurrent_runs": max_concurrent_runs,
            "max_duration_minutes": max_duration_minutes,
            "policy": policy_as_written(policy.policy) if policy and policy.policy else None,
            "resume_from": _tunes(resume_from),
            "seed": seed,
        }

    @property
    def arguments(self) -> dict[str, Any]:
        """The estimator's arguments and `tune`, each as the manifest has them; null and empty ones are left out."""
        return {**self.estimator.arguments, "tune": {k: v for k, v in self._tune.items() if v not in (None, [])}}

    def __repr__(self) -> str:
        return f"HyperDriveConfig({', '.join(f'{name}={value!r}' for name, value in self._tune.items())})"


def _one_estimator(estimator: object, run_config: object) -> TensorFlow:
    given = {name: each for name, each in (("estimator", estimator), ("run_config", run_config)) if each is not None}
    if len(given) != 1:
        both = "both estimator and run_config" if given else "no estimator"
        raise told(UsageError(f"HyperDriveConfig has {both}", hint="write estimator=TensorFlow(…)"))
    name, value = given.popitem()
    if not isinstance(value, TensorFlow):
        raise told(UsageError(f"{name} is {kind_of(value)}, not a TensorFlow estimator", hint="write TensorFlow(…)"))
    return value


def _tunes(given: Any) -> list[str]:
    """The ids of the runs, or texts, that `resume_from` names."""
    several = [] if given is None else [given] if isinstance(given, (str, Run)) else list(given)
    if len(several) > MOST_RESUMED:
        raise told(UsageError(f"resume_from names {len(several)} tunes, and takes {MOST_RESUMED} at most"))
    for each in several:
        _require("resume_from", each, (Run, str), "write the tune, as submit has returned it, or its id")
    return [each.id if isinstance(each, Run) else each for each in several]


def _require(argument: str, value: object, kind: type | tuple[type, ...], hint: str) -> None:
    if not isinstance(value, kind):
        raise told(UsageError(f"{argument} is {kind_of(value)}", hint=hint))


def _refuse(value: object, argument: str, instead: str) -> None:
    if value is not None:
        raise told(UsageError(f"HyperDriveConfig takes no {argument} here", hint=instead))
