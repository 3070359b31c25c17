"""A tune for a person: how many trials in how many waves, what its space holds, and what ends it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfinfra.model import Plan
from tfinfra.model.tuning import Policy
from tfinfra.tuning.arguments import flag
from tfinfra.tuning.expressions import described
from tfinfra.tuning.sets import space_size


@dataclass(frozen=True)
class Varied:
    """A flag that trials vary, and the values that they get, in words: "0.0001 … 0.1 (logarithmic)"."""

    flag: str
    values: str


@dataclass(frozen=True)
class Searched:
    """`trials` at most, `at_once` of them at a time on `nodes_per_trial` nodes each, so many `waves` where all take as
    long. `sets` is how many sets of parameters there are, None where that is without end. In seconds when a trial ends
    and when the tune does, at the latest."""

    trials: int
    at_once: int
    nodes_per_trial: int
    waves: int
    sets: int | None
    space: tuple[Varied, ...]
    trial_seconds: int
    seconds: int


def searched(plan: Plan, seconds: int) -> Searched | None:
    """What a plan searches that ends after these seconds, None where it is that of one run."""
    tune, pool = plan.tune, plan.pool
    if tune is None or pool is None:
        return None
    sets = space_size(tune.parameter_space)
    trials = tune.max_total_runs if sets is None else min(tune.max_total_runs, sets)
    return Searched(
        trials=trials,
        at_once=pool.trials_at_once,
        nodes_per_trial=pool.nodes_per_trial,
        waves=math.ceil(trials / pool.trials_at_once),
        sets=sets,
        space=tuple(Varied(flag(name), described(one)) for name, one in tune.parameter_space.items()),
        trial_seconds=min(pool.trial_seconds, seconds),
        seconds=seconds,
    )


def policy_text(policy: Policy | None) -> str:
    """ "bandit, slack_factor 0.1, looks at every 2nd value of the metric from number 6 on"."""
    if policy is None:
        return "none: every trial trains to its end"
    names = ("slack_factor", "slack_amount", "truncation_percentage")
    given = [f"{name} {value:g}" for name in names if (value := getattr(policy, name)) is not None]
    interval = policy.evaluation_interval
    first = max(interval, math.ceil(policy.delay_evaluation / interval) * interval)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(interval % 10 if interval % 100 not in (11, 12, 13) else 0, "th")
    every = "every value" if interval == 1 else f"every {interval}{ending} value"
    looks = f"looks at {every} of the metric from number {first} on"
    return ", ".join([policy.kind, *given, looks])
