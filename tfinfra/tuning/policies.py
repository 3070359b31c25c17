"""Which trials end early: HyperDrive's three policies as pure functions over what the trials' leaders have logged.

The text is that of `azureml.train.hyperdrive.policy` (azureml-train-core 1.62) and of "Specify early termination
policy" in "Tune hyperparameters for your model". An interval is one logging of the primary metric. A policy looks at a
trial at each multiple of `evaluation_interval` that is not below `delay_evaluation`; where several intervals arrive at
once, at the last of these. To minimise is to maximise the metric's negative.

Where the text is silent:
- a trial whose value at the look is NaN ends: nothing can be said for it. NaN is left out of each best and average.
- trials of the first wave are held against each other, each up to the same interval. HyperDrive compared with the best
  run that had ended, and so never cut its first wave: the one deviation.
- a trial that ended before the interval is worth there what it was worth at its end.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from tfinfra.model.tuning import Policy, Tune
from tfinfra.tuning.values import best_of

MOST_INTERVALS = 10_000
"""Intervals of a trial that are kept, in memory and in the journal. No policy looks at a later one."""


@dataclass(frozen=True)
class Trace:
    """What a trial's leader has logged of the primary metric, in order, the first MOST_INTERVALS of it. A trial that is
    not running has no more to come."""

    number: int
    values: tuple[float, ...]
    running: bool


@dataclass(frozen=True)
class Cut:
    """A running trial that is to end, and why, as a sentence."""

    number: int
    why: str


def cuts(tune: Tune, traces: Iterable[Trace]) -> tuple[Cut, ...]:
    """The running trials that the policy of `tune` ends now. `traces` are those of all trials, however they ended, and
    those of earlier tunes that this one resumes from. The same traces give the same cuts."""
    policy = tune.policy
    if policy is None:
        return ()
    sign = 1.0 if tune.primary_metric_goal == "maximize" else -1.0
    turned = [Trace(each.number, tuple(sign * value for value in each.values), each.running) for each in traces]
    looks = {each.number: look_at(policy, len(each.values)) for each in turned if each.running}
    fields = {look: _Field(policy, tune.primary_metric_name, sign, look, turned) for look in looks.values() if look}
    found = [
        Cut(trace.number, why)
        for trace in turned
        if (look := looks.get(trace.number)) and (why := _why_cut(fields[look], trace))
    ]
    return tuple(found)


def look_at(policy: Policy, intervals: int) -> int | None:
    """The last interval, of those that a trial has come to, at which the policy looks; None where there is none yet."""
    last = min(intervals, MOST_INTERVALS) // policy.evaluation_interval * policy.evaluation_interval
    return last if last >= max(policy.delay_evaluation, 1) else None


def fault(policy: Policy) -> str | None:
    """Why HyperDrive would refuse the policy, as a sentence's rest after its kind; None where it is right."""
    first = -(-max(policy.delay_evaluation, 1) // max(policy.evaluation_interval, 1)) * policy.evaluation_interval
    if policy.evaluation_interval < 1 or policy.delay_evaluation < 0:
        return "needs an evaluation_interval of 1 or more, and a delay_evaluation of 0 or more"
    if first > MOST_INTERVALS:
        return f"would look at interval {first} first, and none above {MOST_INTERVALS} is kept"
    return _fault_of_slack(policy) or _fault_of_share(policy)


def _fault_of_slack(policy: Policy) -> str | None:
    slacks = [slack for slack in (policy.slack_factor, policy.slack_amount) if slack is not None]
    if policy.kind != "bandit":
        return "takes no slack: slack_factor and slack_amount are a bandit's" if slacks else None
    if len(slacks) != 1:
        return "needs exactly one of slack_factor and slack_amount"
    return None if 0 <= slacks[0] < math.inf else f"needs a slack of 0 or more; it is {slacks[0]!r}"


def _fault_of_share(policy: Policy) -> str | None:
    share = policy.truncation_percentage
    if policy.kind != "truncation_selection":
        return None if share is None else "takes no truncation_percentage: it is truncation_selection's"
    return None if share is not None and 1 <= share <= 99 else "needs a truncation_percentage between 1 and 99"


@dataclass(frozen=True)
class _Field:
    """All trials up to an interval at which the policy looks at some. Values are turned so that more is better."""

    policy: Policy
    metric: str
    sign: float
    interval: int
    traces: Sequence[Trace]

    @cached_property
    def best_of_all(self) -> float:
        """Of those that have not come to the interval, so far: theirs can only get better."""
        return max(best_up_to(each, self.interval) for each in self.traces)

    @cached_property
    def averages(self) -> list[float]:
        """Of those that came to the interval or ended before."""
        there = [each for each in self.traces if len(each.values) >= self.interval or not each.running]
        return [average for each in there if (average := average_up_to(each, self.interval)) is not None]

    @cached_property
    def bests(self) -> list[float]:
        """Of those that came to the interval, whether they run or not, in ascending order."""
        return sorted(best_up_to(each, self.interval) for each in self.traces if len(each.values) >= self.interval)

    def shown(self, value: float) -> str:
        return f"{self.sign * value:.6g}"


def best_up_to(trace: Trace, interval: int) -> float:
    """The best value of the first `interval`, less than all where none is a number."""
    best = best_of(trace.values[:interval], "maximize")
    return -math.inf if best is None else best


def average_up_to(trace: Trace, interval: int) -> float | None:
    """The average of the first `interval` values that are numbers; None where it is none."""
    numbers = [value for value in trace.values[:interval] if not math.isnan(value)]
    average = sum(numbers) / len(numbers) if numbers else math.nan
    if math.isnan(average):
        return None
    return max(min(numbers), min(average, max(numbers)))  # a sum of equals, rounded, may lie above each of them


def _why_cut(field: _Field, trace: Trace) -> str | None:
    if math.isnan(trace.values[field.interval - 1]):
        return f"{field.metric} is not a number at interval {field.interval}"
    own = best_up_to(trace, field.interval)
    short = _FALLS_SHORT[field.policy.kind](field, own)
    return short and f"its best {field.metric} up to interval {field.interval}, {field.shown(own)}, {short}"


def _bandit(field: _Field, own: float) -> str | None:
    """The text: "This policy compares the value (Y + Y * 0.2) to 0.8, and if smaller, cancels the run". Y is the best
    of this run, 0.8 that of the best performing run, 0.2 the slack factor; a slack amount is taken from the 0.8. Here
    the factor is of the size of Y: of Y itself, a negative best would end the best run of all."""
    policy, best = field.policy, field.best_of_all
    if policy.slack_factor is not None:
        within = (
            own if math.isinf(own) else own + abs(own) * policy.slack_factor
        )  # of what is infinite no share is left
        falls_short = within < best
        slack = f"slack_factor {policy.slack_factor:g}"
    else:
        falls_short = own < best - (policy.slack_amount or 0)
        slack = f"slack_amount {policy.slack_amount or 0:g}"
    return f"is further from the best of all, {field.shown(best)}, than {slack} allows" if falls_short else None


def _median_stopping(field: _Field, own: float) -> str | None:
    """The text: "a run will be canceled at interval N if its best primary metric reported up to interval N is worse
    than the median of the running averages for intervals 1:N across all runs"."""
    middle = median(field.averages) if field.averages else -math.inf
    if not own < middle:
        return None
    return f"is worse than {field.shown(middle)}, the median of the averages of {len(field.averages)} trials"


def _truncation_selection(field: _Field, own: float) -> str | None:
    """The text: "its performance at interval 5 is in the lowest 20% of performance of all jobs at interval 5", by the
    performance "up to interval N even if they reported metrics for intervals greater than N". Never more than the
    share is cut: it is rounded down, and equals at its border stay."""
    share, count = field.policy.truncation_percentage or 0, len(field.bests)
    in_it = bisect_right(field.bests, own) <= count * share // 100
    return f"is among the lowest {share} % of {count} trials" if in_it else None


_FALLS_SHORT: dict[str, Callable[[_Field, float], str | None]] = {
    "bandit": _bandit,
    "median_stopping": _median_stopping,
    "truncation_selection": _truncation_selection,
}
