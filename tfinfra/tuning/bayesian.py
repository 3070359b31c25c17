"""Bayesian sampling by Optuna's tree of Parzen estimators, asked and told in memory: the journal is the one thing that
lasts, and a study is made anew from it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any, cast

from tfinfra.errors import UsageError
from tfinfra.model.tuning import Expression, Parameters, Scalar, Tune
from tfinfra.tuning.expressions import quantised
from tfinfra.tuning.journal import Trial
from tfinfra.tuning.sets import Seen, seen_as, unseen

_TRIES = 20


class Bayesian:
    """What the trial `number` gets follows from the seed, its number, and all that was asked and told before it. A
    trial without a value tells nothing of its set.

    Raises UsageError where Optuna is not installed.
    """

    def __init__(self, tune: Tune, trials: Iterable[Trial], warm: Iterable[Trial], seen: set[Seen]) -> None:
        self._optuna = _optuna()
        self._tune, self._seen = tune, seen
        self._study = self._optuna.create_study(
            direction=tune.primary_metric_goal, sampler=self._optuna.samplers.RandomSampler(tune.seed)
        )
        self._ranges = {name: self._range(each) for name, each in tune.parameter_space.items()}
        self._under_way: dict[int, Any] = {}
        for trial in warm:
            if (found := self._positions(trial.parameters)) is not None and trial.best is not None:
                self._add(found, trial.best)
        for trial in trials:
            self.begun(trial.number, trial.parameters)
            if trial.result is not None:
                self.tell(trial.number, None if trial.result == "lost" else trial.best)  # as the living search tells it

    def ask(self, number: int) -> Parameters | None:
        """A set that was asked is what the estimators like best of a small space: then another of it is asked."""
        space = self._tune.parameter_space
        self._study.sampler = self._estimators(number)
        for _ in range(_TRIES):
            trial = self._study.ask(self._ranges)
            found = {name: self._value(each, trial.params[name]) for name, each in space.items()}
            if (seen := seen_as(space, found)) not in self._seen:
                self._seen.add(seen)
                self._under_way[number] = trial
                return found
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        if (other := next(unseen(space, self._seen), None)) is not None:
            self._seen.add(seen_as(space, other))
            self.begun(number, other)
        return other

    def begun(self, number: int, parameters: Parameters) -> None:
        if (found := self._positions(parameters)) is not None:
            self._study.enqueue_trial(found)
            self._under_way[number] = self._study.ask(self._ranges)

    def tell(self, number: int, value: float | None) -> None:
        if (trial := self._under_way.pop(number, None)) is None:
            return
        if value is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, value)

    def _estimators(self, number: int) -> Any:
        """`constant_liar`: trials that are under way count as bad, so that those beside each other differ."""
        seed = (self._tune.seed * 1_000_003 + number) % 2**32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of experimental arguments
            return self._optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)

    def _add(self, found: dict[str, int | float], value: float) -> None:
        create = self._optuna.trial.create_trial
        self._study.add_trial(create(params=found, distributions=self._ranges, value=value))

    def _range(self, expression: Expression) -> Any:
        """Options by their place, for Optuna takes 1, 1.0 and True for one; quantised values by their multiple of q."""
        ranges = self._optuna.distributions
        if expression.kind == "choice":
            return ranges.CategoricalDistribution(range(len(expression.arguments)))
        low, high, *q = cast("tuple[float, ...]", expression.arguments)
        return (
            ranges.IntDistribution(round(low / q[0]), round(high / q[0])) if q else ranges.FloatDistribution(low, high)
        )

    def _value(self, expression: Expression, position: int | float) -> Scalar:
        if expression.kind == "choice":
            return expression.arguments[int(position)]
        if expression.kind == "uniform":
            return position
        q = cast("float", expression.arguments[2])
        return quantised(position * q, q)

    def _positions(self, parameters: Parameters) -> dict[str, int | float] | None:
        """The parameters as Optuna has them; None where they are of another space."""
        found = {}
        for name, expression in self._tune.parameter_space.items():
            position = None if name not in parameters else _position(expression, parameters[name])
            if position is None:
                return None
            found[name] = position
        return found


def _position(expression: Expression, value: Scalar) -> int | float | None:
    if expression.kind == "choice":
        places = [n for n, option in enumerate(expression.arguments) if (type(option), option) == (type(value), value)]
        return places[0] if places else None
    if isinstance(value, (str, bool)):
        return None
    low, high, *q = cast("tuple[float, ...]", expression.arguments)
    position, first, last = (round(n / q[0]) for n in (value, low, high)) if q else (value, low, high)
    return position if first <= position <= last else None


def _optuna() -> Any:
    try:
        found = import_module("optuna")
    except ModuleNotFoundError:
        raise UsageError(
            "Bayesian sampling needs Optuna, which is not installed",
            f"`{sys.executable} -m uv pip install --python {sys.executable} 'optuna>=5,<6'` adds it here (85 MB);"
            " sampling: random needs nothing",
        ) from None
    found.logging.set_verbosity(found.logging.CRITICAL)
    return found
