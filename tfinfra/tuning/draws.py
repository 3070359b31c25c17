"""Which set of parameters a trial gets. Grid and random ask no set twice, and a space whose sets have all been asked is
at its end: "there may be fewer runs when the sample space is smaller" (HyperDriveConfig.max_total_runs)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Protocol

from tfinfra.model.tuning import Expression, Parameters, Tune
from tfinfra.tuning.arguments import value_text
from tfinfra.tuning.expressions import Chance, draw, values
from tfinfra.tuning.journal import Trial

Seen = tuple[str, ...]
"""A set of parameters as its script sees it: 1 and 1.0 are two, 1 twice in a choice is one."""
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
    if tune.sampling == "bayesian":
        from tfinfra.tuning.bayesian import Bayesian

        return Bayesian(tune, own, before)
    known = (*own, *(each for each in before if each.parameters.keys() == tune.parameter_space.keys()))
    seen = {seen_as(tune, each.parameters) for each in known}
    return Grid(tune, seen) if tune.sampling == "grid" else Random(tune, seen)


class Grid:
    """All sets of options, the last name of the space changing fastest."""

    def __init__(self, tune: Tune, seen: set[Seen]) -> None:
        self._left = _unseen(tune, seen)

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
        found = self._drawn(number) or next(_unseen(self._tune, self._seen), None)
        if found is not None:
            self._seen.add(seen_as(self._tune, found))
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
            if seen_as(self._tune, found) not in self._seen:
                return found
        return None


def space_size(space: dict[str, Expression]) -> int | None:
    """How many sets of parameters there are, None where that is without end."""
    counts = [None if (each := values(expression)) is None else len(_once(each)) for expression in space.values()]
    return None if None in counts else math.prod(count for count in counts if count is not None)


def seen_as(tune: Tune, parameters: Parameters) -> Seen:
    return tuple(value_text(parameters[name]) for name in tune.parameter_space)


def _chance(*of: object) -> Chance:
    """Text as a seed gives the same numbers on every machine and Python."""
    return random.Random("/".join(map(str, of))).random  # noqa: S311  # no secret


def _unseen(tune: Tune, seen: set[Seen]) -> Iterator[Parameters]:
    """The sets of a space whose size is known, in the grid's order, without those that are in `seen`, or come again."""
    options = [values(expression) for expression in tune.parameter_space.values()]
    if any(each is None for each in options):
        return
    for found in product(*(_once(each) for each in options if each is not None)):
        parameters = dict(zip(tune.parameter_space, found, strict=True))
        if seen_as(tune, parameters) not in seen:
            yield parameters


def _once(options: Sequence[str | int | float | bool]) -> tuple[str | int | float | bool, ...]:
    return tuple({value_text(option): option for option in options}.values())
