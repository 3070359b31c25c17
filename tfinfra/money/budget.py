"""limits.max_cost_usd and limits.max_run_duration as one deadline.

Held back of the budget, so that spending stays below it: a tenth for what is billed by bytes and calls; 30 minutes of
everything for the deletion; and what the kept outputs cost until their own deletion begins. The rest, over the hourly
price, is time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfinfra.model import Limits
from tfinfra.money.ledger import HOUR, Ledger

DELETION_SECONDS = 1800.0
"""A group's deletion may take this long; what takes longer is reported as an incomplete teardown."""
FOR_USAGE = 0.10
"""The part of the budget that is held back for bytes and calls."""
BOOT_SECONDS, USEFUL_SECONDS = 900.0, 600.0
"""What booting and building the environment may take, and the least time of training that is worth it."""
NEEDED_SECONDS = (BOOT_SECONDS + USEFUL_SECONDS) / 0.9
"""The shortest run: nodes end the training at nine tenths of it at the earliest, and collect in the rest."""
MOST_SECONDS = 10 * 365 * 24 * HOUR


LONGEST_EXTENSION = 24 * HOUR
"""How long a deadline may be put off at most."""


@dataclass(frozen=True)
class Burn:
    """US dollars an hour at list price: of the compute group, and of the keep group, which outlives it."""

    compute: float = 0.0
    keep: float = 0.0

    @property
    def total(self) -> float:
        return self.compute + self.keep


FREE = Burn()


@dataclass(frozen=True)
class Deadline:
    """`at` (Unix seconds) everything billed by the hour is to be deleted, `seconds` after the run's start. `limit` is
    the key that says so: "max_run_duration", of a tune "max_duration_minutes", or "max_cost_usd"."""

    at: float
    seconds: int
    limit: str


def deadline(limits: Limits, burn: Burn, now: float) -> Deadline:
    """The deadline of a run that begins `now`."""
    seconds, limit = run_time(limits, burn)
    return Deadline(now + seconds, seconds, limit)


def latest_deadline(end: Deadline, limits: Limits, burn: Burn, longest: float | None) -> float:
    """The Unix time up to which the deadline `end` may be put off: within max_cost_usd, `longest` seconds of a run
    (None: no bound), and half the time for which outputs are kept: their group outlives the machines, and what ends
    with these has the other half to be fetched."""
    begun = end.at - end.seconds
    bounds = [end.at + min(LONGEST_EXTENSION, limits.keep_outputs // 2), begun + affordable_seconds(limits, burn)]
    if longest is not None:
        bounds.append(begun + math.floor(longest))  # whole seconds, as all others: a sum of fractions may be above both
    return max(end.at, min(bounds))


def run_time(limits: Limits, burn: Burn) -> tuple[int, str]:
    """Seconds from a run's first write to its deadline, and the key of limits that they come from."""
    affordable = affordable_seconds(limits, burn)
    if affordable < limits.max_run_duration:
        return affordable, "max_cost_usd"
    return limits.max_run_duration, limits.duration_key


def next_deadline(first: Deadline, limits: Limits, burn: Burn, ledger: Ledger, now: float) -> Deadline:
    """The deadline of a run's next attempt, which begins `now` in a compute group of its own: never after the `first`
    attempt's, and earlier by what the run's other groups have cost, and may cost until they are due. Where one of them
    is late, what the run will cost is not known any more: no time is left then."""
    if limits.max_cost_usd is None or not burn.compute:
        return first
    others = sum(i.usd(max(now, i.due)) for i in ledger.intervals)
    free = for_time(limits.max_cost_usd) - others - burn.compute * DELETION_SECONDS / HOUR
    late = any(i.is_late(now) for i in ledger.running())
    seconds = 0 if late else max(0, math.floor(free / burn.compute * HOUR))
    if now + seconds >= first.at:
        return first
    return Deadline(now + seconds, math.floor(now + seconds - (first.at - first.seconds)), "max_cost_usd")


def for_time(cap: float) -> float:
    """The part of a budget that may go to what is billed by time."""
    return cap * (1.0 - FOR_USAGE)


def kept_seconds(limits: Limits) -> float:
    """Seconds from the deadline until the keep group's deletion begins at the latest: when the outputs' time is over,
    but after the compute group's deletion, which it waits for."""
    return max(limits.keep_outputs, DELETION_SECONDS)


def held_for_end(limits: Limits, burn: Burn) -> float:
    """US dollars that a run costs after its deadline at most: until all is deleted, and the outputs until they go."""
    return (burn.total * DELETION_SECONDS + burn.keep * kept_seconds(limits)) / HOUR


def affordable_seconds(limits: Limits, burn: Burn) -> int:
    """Seconds until the deadline that the budget allows, whatever max_run_duration says."""
    if limits.max_cost_usd is None or not burn.total:
        return int(MOST_SECONDS)
    free = for_time(limits.max_cost_usd) - held_for_end(limits, burn)
    return int(min(MOST_SECONDS, max(0, math.floor(free / burn.total * HOUR))))


def needed_seconds(limits: Limits) -> float:
    """The time below which a run cannot do anything useful; who asks for less than that by max_run_duration gets it."""
    return min(NEEDED_SECONDS, limits.max_run_duration)


def least_cap(limits: Limits, burn: Burn) -> float:
    """The smallest max_cost_usd, in whole cents, that leaves `needed_seconds`."""
    usd = (held_for_end(limits, burn) + burn.total * (needed_seconds(limits) + 1) / HOUR) / (1.0 - FOR_USAGE)
    return math.ceil(usd * 100) / 100
