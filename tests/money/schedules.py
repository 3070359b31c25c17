"""Runs as they may go: attempts, evictions, deletions that take their time. What they cost is summed up here by itself,
as Azure would bill it, and compared with what the budget promised."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tfinfra.model import Limits
from tfinfra.money.budget import Burn, Deadline, deadline, next_deadline
from tfinfra.money.ledger import Interval, Ledger

RESERVE = 1800.0
"""Seconds that the manifest's contract gives to the deletion."""
USAGE = 0.10
"""The part of max_cost_usd that the contract leaves to bytes and calls."""


@dataclass(frozen=True)
class Attempt:
    """`compute` is US dollars an hour. It ends, for whatever reason, after the part `lasts` of its time; at the part
    `evicted` of that, the part `lost` of its nodes goes and is billed no more. Deletion takes `deletion` seconds, and
    `pause` seconds after the attempt's end the next one begins."""

    compute: float
    lasts: float
    evicted: float
    lost: float
    deletion: float
    pause: float


@dataclass(frozen=True)
class Schedule:
    """`usage` is the part of max_cost_usd that bytes and calls cost; outputs stay for the part `kept` of their time."""

    limits: Limits
    keep: float
    attempts: tuple[Attempt, ...]
    usage: float
    kept: float
    keep_deletion: float


@dataclass(frozen=True)
class Course:
    """What came of a schedule: US dollars as billed, and the ledger that tfinfra kept, all intervals closed."""

    billed: float
    ledger: Ledger
    first: Deadline
    attempts: int


def course(schedule: Schedule) -> Course:
    """Runs the schedule as the lifecycle does: one deadline at the start, one for each further attempt."""
    limits, cap = schedule.limits, schedule.limits.max_cost_usd or 0.0
    first = deadline(limits, Burn(schedule.attempts[0].compute, schedule.keep), 0.0)
    if first.seconds == 0:
        return Course(0.0, Ledger(), first, 0)
    kept_until = first.at + limits.keep_outputs
    keep_ends = first.at + max(limits.keep_outputs, RESERVE)  # the keep group's deletion waits for the compute group's
    ledger = Ledger((Interval("keep", "keep", schedule.keep, 0.0, keep_ends + RESERVE),))
    billed, now, last, begun = cap * schedule.usage, 0.0, 0.0, 0
    for number, attempt in enumerate(schedule.attempts):
        ledger = _ending(ledger, now)
        burn = Burn(attempt.compute, schedule.keep)
        end = first if number == 0 else next_deadline(first, limits, burn, settled(ledger, now), now)
        if end.at <= now:
            break
        group = f"compute-{number}"
        ledger = ledger.opened(Interval(group, "compute", attempt.compute, now, end.at + RESERVE))
        over = now + attempt.lasts * (end.at - now)
        gone = over + attempt.deletion
        eviction = now + attempt.evicted * (over - now)
        billed += attempt.compute * (gone - now - attempt.lost * (gone - eviction)) / 3600
        ledger = _closing(ledger, group, gone)
        now, last, begun = over + attempt.pause, max(last, gone), begun + 1
    fetched = max(last, kept_until * schedule.kept)
    keep_gone = fetched + schedule.keep_deletion
    billed += schedule.keep * keep_gone / 3600
    return Course(billed, ledger.closed({"keep": keep_gone}), first, begun)


def _closing(ledger: Ledger, group: str, gone: float) -> Ledger:
    """The ledger with an end that lies in the future: `settled` hides it from who asks before."""
    return ledger.closed({group: gone})


def _ending(ledger: Ledger, now: float) -> Ledger:
    """As Ledger.ending, for what is billed `now` and whose end, which nobody knows yet, is in the ledger already."""
    billed = [i.part == "compute" and (i.end is None or i.end > now) for i in ledger.intervals]
    due = now + RESERVE
    pairs = zip(ledger.intervals, billed, strict=True)
    return Ledger(tuple(replace(i, due=min(i.due, due)) if open_ else i for i, open_ in pairs))


def settled(ledger: Ledger, now: float) -> Ledger:
    """The ledger as it is known `now`: what ends later is still billed, and its deletion has begun."""
    known = Ledger(tuple(_as_known(i, now) for i in ledger.intervals))
    return known.ending(now + RESERVE)


def _as_known(interval: Interval, now: float) -> Interval:
    if interval.end is None or interval.end <= now:
        return interval
    return Interval(interval.group, interval.part, interval.usd_per_hour, interval.start, interval.due)


def between(least: float, most: float, *more: float) -> st.SearchStrategy[float]:
    """Any number of the range, its ends (where a reserve is just used up) and `more` as often as all others."""
    return st.floats(least, most) | st.sampled_from([least, most, *more])


parts = between(0.0, 1.0)
limits_of_any_kind = st.builds(
    Limits,
    max_run_duration=st.integers(60, 365 * 86400),
    keep_outputs=st.sampled_from([0, 60, 1800]) | st.integers(0, 365 * 86400),
    max_cost_usd=between(0.01, 1_000_000.0, 1.0, 20.0),
)


def attempts(deletion: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[Attempt, ...]]:
    one = st.builds(
        Attempt,
        compute=between(0.0001, 5000.0, 0.01, 1.0),
        lasts=parts,
        evicted=parts,
        lost=parts,
        deletion=deletion,
        pause=between(0.0, 86_400.0, RESERVE),
    )
    return st.lists(one, min_size=1, max_size=12).map(tuple)


def schedules(deletion: st.SearchStrategy[float]) -> st.SearchStrategy[Schedule]:
    """`deletion` gives the seconds that deletions take."""
    return st.builds(
        Schedule,
        limits=limits_of_any_kind,
        keep=between(0.0, 500.0, 0.02),
        attempts=attempts(deletion),
        usage=between(0.0, USAGE),
        kept=parts,
        keep_deletion=deletion,
    )


in_time = between(0.0, RESERVE)
at_any_time = in_time | between(0.0, 1_000_000.0, RESERVE + 1.0)
