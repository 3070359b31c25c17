"""What a tune writes down, entry by entry, and what stands when all entries are read: a tune that lost its client goes
on from there. An entry lies in the run's store and in its state folder; what is read there is input, never trusted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from tfinfra.model.codec import Unfit
from tfinfra.model.shapes import Count, Moment, Shape, one_of
from tfinfra.model.tuning import Parameters, Scalar
from tfinfra.tuning.policies import MOST_INTERVALS
from tfinfra.tuning.values import best_of

RESULTS = ("succeeded", "failed", "cancelled", "limit", "error", "terminated", "lost")
"""How a trial ended: as a run does, or by a policy, or with a node that was lost."""
CUT_OFF = ("lost", "cancelled")
"""The results of trials that say nothing of their parameters: they are to be asked again."""
COMPLETE = ("succeeded", "terminated", "limit")
"""The results of trials that may be the best: their script did what it was given time for."""


_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+(\.\d+)?([eE][-+]?\d+)?")


def _are_figures(text: str) -> bool:
    try:
        return len([float(word) for word in text.split(" ") if text]) <= MOST_INTERVALS
    except ValueError:
        return False


Figures = Annotated[str, Shape(_are_figures, f"up to {MOST_INTERVALS} numbers with a space between")]
"""Values of a metric as text, since JSON has no NaN."""


@dataclass(frozen=True)
class Asked:
    """A trial is about to begin; the entry is there before its nodes are asked. `again` is the number of the trial
    whose parameters it has, which was cut off: it does not count to `max_total_runs`."""

    number: Count
    parameters: dict[str, Scalar]
    at: Moment
    again: Count | None = None


@dataclass(frozen=True)
class Ended:
    """A trial has ended: `why` is a sentence; `figures` are its leader's values of the primary metric, in the order
    logged, the first MOST_INTERVALS; `best` is the best of all that it logged, both as text (figures_of)."""

    number: Count
    result: Annotated[str, one_of(*RESULTS)]
    why: str
    at: Moment
    figures: Figures = ""
    best: Figures = ""


@dataclass(frozen=True)
class Entry:
    """tune/<seq>.json: one of the two."""

    asked: Asked | None = None
    ended: Ended | None = None


@dataclass(frozen=True)
class Trial:
    """What the journal knows of a trial. `result` is None while it is under way; `best` None where it has logged no
    value that is a number."""

    number: int
    parameters: Parameters
    asked_at: float
    again: int | None = None
    result: str | None = None
    why: str = ""
    ended_at: float | None = None
    values: tuple[float, ...] = ()
    best: float | None = None


@dataclass(frozen=True)
class Searched:
    """All of a journal. `trials` by number; `in_order` are the numbers of those that ended, as they did."""

    trials: dict[int, Trial] = field(default_factory=dict)
    in_order: tuple[int, ...] = ()

    @property
    def under_way(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials.values() if trial.result is None)

    @property
    def counted(self) -> int:
        """Trials that count to `max_total_runs`."""
        return sum(trial.again is None for trial in self.trials.values())

    @property
    def failures_in_a_row(self) -> tuple[Trial, ...]:
        """The last trials that ended, those that were cut off left out, while each failed for the same reason."""
        row: list[Trial] = []
        for number in reversed(self.in_order):
            trial = self.trials[number]
            if trial.result in CUT_OFF:
                continue
            if trial.result not in ("failed", "error") or (row and _cause(trial.why) != _cause(row[0].why)):
                break
            row.append(trial)
        return tuple(reversed(row))

    def best(self, goal: str) -> Trial | None:
        """The trial with the best value among those that are COMPLETE, the first of equals."""
        able = {t.number: t.best for t in self.trials.values() if t.result in COMPLETE and t.best is not None}
        best = best_of(able.values(), goal)
        return next((self.trials[number] for number, value in able.items() if value == best), None)

    @property
    def to_ask_again(self) -> tuple[Trial, ...]:
        """Trials that were cut off, and whose parameters no other has been given since."""
        given = {trial.again for trial in self.trials.values()}
        return tuple(t for t in self.trials.values() if t.result in CUT_OFF and t.number not in given)


def _cause(why: str) -> str:
    """The same fault names other parameters, addresses and lines of output in each trial."""
    return _NUMBER.sub("#", why)


def figures_of(values: Sequence[float]) -> str:
    return " ".join(repr(float(value)) for value in values[:MOST_INTERVALS])


def best_figure(values: Sequence[float], goal: str) -> str:
    best = best_of(values, goal)
    return "" if best is None else figures_of([best])


def replay(entries: Iterable[Entry], fault: Callable[[Unfit], object] | None = None) -> Searched:
    """What stands after all `entries`. Raises Unfit where they are no journal: a trial ends that nobody asked, or is
    asked twice; where there is a `fault`, that hears of it, and what stands before it counts. One that ended twice (two
    clients) ended as it did first."""
    trials, in_order = dict[int, Trial](), list[int]()
    try:
        for entry in entries:
            _follow(trials, in_order, entry)
    except Unfit as error:
        if fault is None:
            raise
        fault(error)
    return Searched(trials, tuple(in_order))


def followed(searched: Searched, entry: Entry) -> Searched:
    """What stands after one entry more. Raises Unfit."""
    trials, in_order = dict(searched.trials), list(searched.in_order)
    _follow(trials, in_order, entry)
    return Searched(trials, tuple(in_order))


def _follow(trials: dict[int, Trial], in_order: list[int], entry: Entry) -> None:
    """Changes the parts of a Searched by one entry. Raises Unfit, and has changed nothing then."""
    if asked := entry.asked:
        if asked.number in trials:
            raise Unfit(f"it asks trial {asked.number} twice")
        trials[asked.number] = Trial(asked.number, asked.parameters, asked.at, asked.again)
        return
    if (end := entry.ended) is None:
        raise Unfit("it has an entry that says nothing")
    if end.number not in trials:
        raise Unfit(f"it ends trial {end.number}, which was not asked")
    trial = trials[end.number]
    if trial.result is not None:
        return
    values = tuple(float(word) for word in end.figures.split())
    best = float(end.best) if end.best else None
    trials[end.number] = replace(trial, result=end.result, why=end.why, ended_at=end.at, values=values, best=best)
    in_order.append(end.number)
