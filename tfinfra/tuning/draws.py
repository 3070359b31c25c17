"""Which set of parameters a trial gets. A set that was asked is not asked again, and a space whose sets have all been
asked is at its end: "there may be fewer runs when the sample space is smaller" (HyperDriveConfig.max_total_runs)."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Protocol

from tfinfra.model.tuning import Parameters, Tune
from tfinfra.tuning.expressions import Chance, draw
from tfinfra.tuning.journal import Trial
from tfinfra.tuning.sets import Seen, seen_as, unseen

_TRIES = 1000


class Sampler(Protocol):
    """One for a tune's one writer. Numbers are those of trials; each is asked, or begun, once."""

    def ask(self, number: int) -> Parameters | None:
        """The parameters of the trial `number`, None where the space is exhausted."""

    def begun(self, number: int, parameters: Parameters) -> None:
        """The trial `number` has these parameters, which another had whose node was lost."""

    def tell(self, number: int, value: float | None) -> None:
        """The trial has ended; `value` is the best of its primary metric, None where it has none."""


def sampler(tune: Tune, trials: Iterable[Trial], warm: Iterable[Trial] = ()) -> Sampler:
    """The sampler of a tune which knows its `trials` so far, and trials of earlier tunes. A set that a warm trial has a
    value for is not asked again; one that failed then may be. Raises UsageError where Bayesian sampling is asked for
    and Optuna is not installed."""
    own, before = tuple(trials), tuple(each for each in warm if each.best is not None)
    space = tune.parameter_space
    seen = {seen_as(space, each.parameters) for each in (*own, *before) if each.parameters.keys() == space.keys()}
    if tune.sampling == "bayesian":
        from tfinfra.tuning.bayesian import Bayesian

        return Bayesian(tune, own, before, seen)
    return Grid(tune, seen) if tune.sampling == "grid" else Random(tune, seen)


class Grid:
    """All sets of options, the last name of the space changing fastest."""

    def __init__(self, tune: Tune, seen: set[Seen]) -> None:
        self._left = unseen(tune.parameter_space, seen)

    def ask(self, number: int) -> Parameters | None:  # noqa: ARG002  # its order needs no number
        return next(self._left, None)

    def begun(self, number: int, parameters: Parameters) -> None:
        """Its set is asked already."""

    def tell(self, number: int, value: float | None) -> None:
        """A grid does not learn."""


class Random:
    """Each parameter drawn on its own. What the trial `number` gets follows from the seed, its number, the parameter's
    name, and the sets that were asked before it."""

    def __init__(self, tune: Tune, seen: set[Seen]) -> None:
        self._tune, self._seen = tune, seen

    def ask(self, number: int) -> Parameters | None:
        found = self._drawn(number) or next(unseen(self._tune.parameter_space, self._seen), None)
        if found is not None:
            self._seen.add(seen_as(self._tune.parameter_space, found))
        return found

    def begun(self, number: int, parameters: Parameters) -> None:
        """Its set is asked already."""

    def tell(self, number: int, value: float | None) -> None:
        """Chance does not learn."""

    def _drawn(self, number: int) -> Parameters | None:
        """A set that was not asked; None where chance finds none, as in a small space of which most is asked."""
        for attempt in range(_TRIES):
            found = {
                name: draw(expression, _chance(self._tune.seed, number, attempt, name))
                for name, expression in self._tune.parameter_space.items()
            }
            if seen_as(self._tune.parameter_space, found) not in self._seen:
                return found
        return None


def _chance(*of: object) -> Chance:
    """Text as a seed gives the same numbers on every machine and Python."""
    return random.Random("/".join(map(str, of))).random  # noqa: S311  # no secret
