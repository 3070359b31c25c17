"""The cap: for what is billed by time at list price, spend ≤ max_cost_usd whenever deletion completes within the
reserve, and bytes and calls stay within theirs; what is billed later is known as late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.money.schedules import (
    Attempt,
    Schedule,
    at_any_time,
    course,
    in_time,
    limits_of_any_kind,
    schedules,
)
from tfinfra.model import Limits
from tfinfra.money import budget
from tfinfra.money.budget import Burn, Deadline, deadline, least_cap, next_deadline, run_time
from tfinfra.money.ledger import Interval, Ledger


def at_most(usd: float, most: float) -> bool:
    """Whether it is, but for the rounding of floating-point sums."""
    return usd <= most + 1e-6 + 1e-9 * most


def within_the_cap(schedule: Schedule) -> None:
    """The property, as a function: the mutation check below calls it too."""
    came = course(schedule)
    assert at_most(came.billed, schedule.limits.max_cost_usd or 0.0) or came.attempts == 0


@settings(max_examples=600, deadline=None)
@given(schedule=schedules(in_time))
def test_a_run_costs_no_more_than_its_cap_if_deletions_take_their_time_at_most(schedule: Schedule) -> None:
    within_the_cap(schedule)


@settings(max_examples=400, deadline=None)
@given(schedule=schedules(at_any_time))
def test_a_run_that_costs_more_than_its_cap_has_intervals_that_are_known_to_be_late(schedule: Schedule) -> None:
    came = course(schedule)
    late = any(i.is_late(i.end or 0.0) for i in came.ledger.intervals)
    assert late or came.attempts == 0 or at_most(came.billed, schedule.limits.max_cost_usd or 0.0)


@settings(max_examples=400, deadline=None)
@given(schedule=schedules(at_any_time))
def test_the_ledger_never_shows_less_than_what_is_billed_by_time(schedule: Schedule) -> None:
    came = course(schedule)
    usage = (schedule.limits.max_cost_usd or 0.0) * schedule.usage if came.attempts else 0.0
    assert at_most(came.billed - usage, came.ledger.usd(0.0))


HARD = Schedule(
    Limits(max_run_duration=30 * 86400, keep_outputs=0, max_cost_usd=100.0),
    0.0,
    (Attempt(compute=20.0, lasts=1.0, evicted=1.0, lost=0.0, deletion=1800.0, pause=0.0),),
    0.1,
    1.0,
    0.0,
)
"""A run that takes all it may."""


ONE_AFTER_THE_OTHER = replace(
    HARD, keep=20.0, attempts=(replace(HARD.attempts[0], compute=0.01),), keep_deletion=1800.0
)
"""Nothing is kept, and both deletions take their time, the keep group's after the compute group's."""


def test_the_end_of_the_keep_group_is_paid_for_though_it_waits_for_the_other() -> None:
    assert 99.9 < course(ONE_AFTER_THE_OTHER).billed <= 100.0


def test_a_run_that_takes_all_it_may_comes_close_to_its_cap() -> None:
    assert 99.9 < course(HARD).billed <= 100.0


MUTANTS = {
    "nothing is held back for bytes and calls": ("FOR_USAGE", 0.0),
    "nothing is held back for the deletion": ("DELETION_SECONDS", 0.0),
    "a little less than a tenth is held back": ("FOR_USAGE", 0.09),
    "a minute less is held back for the deletion": ("DELETION_SECONDS", 1740.0),
}


@pytest.mark.parametrize(("constant", "value"), MUTANTS.values(), ids=MUTANTS.keys())
def test_the_property_fails_where_a_reserve_is_dropped(
    constant: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of the check: a hard case and the generator both find the mutant."""
    monkeypatch.setattr(budget, constant, value)
    with pytest.raises(AssertionError):
        within_the_cap(HARD)

    @settings(max_examples=3000, deadline=None, phases=[Phase.generate], database=None, derandomize=True)
    @given(schedule=schedules(st.just(1800.0)))
    def generated(schedule: Schedule) -> None:
        within_the_cap(schedule)

    if value == 0.0:
        with pytest.raises(AssertionError):
            generated()


def test_a_retry_that_forgot_the_attempts_before_it_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.money.schedules.next_deadline", lambda first, *others: first)
    dear = Attempt(compute=40.0, lasts=1.0, evicted=1.0, lost=0.0, deletion=1800.0, pause=0.0)
    half = Attempt(compute=20.0, lasts=0.5, evicted=1.0, lost=0.0, deletion=1800.0, pause=0.0)
    with pytest.raises(AssertionError):
        within_the_cap(Schedule(HARD.limits, 0.0, (half, dear), 0.1, 1.0, 0.0))


@settings(max_examples=200, deadline=None)
@given(limits=limits_of_any_kind, compute=st.floats(0.001, 500), keep=st.floats(0, 5), now=st.floats(0, 2e9))
def test_the_deadline_is_the_earlier_of_both_limits(limits: Limits, compute: float, keep: float, now: float) -> None:
    burn = Burn(compute, keep)
    end = deadline(limits, burn, now)
    assert end.seconds == min(limits.max_run_duration, budget.affordable_seconds(limits, burn))
    assert (end.limit == "max_cost_usd") == (end.seconds < limits.max_run_duration)
    assert end.at == now + end.seconds


@settings(max_examples=200, deadline=None)
@given(limits=limits_of_any_kind, compute=st.floats(0.001, 500), longest=st.none() | st.floats(0, 1e6))
def test_the_latest_deadline_is_within_all_that_bounds_a_run(
    limits: Limits, compute: float, longest: float | None
) -> None:
    burn = Burn(compute, 0.1)
    end = deadline(limits, burn, 1000.0)
    latest = budget.latest_deadline(end, limits, burn, longest)
    assert latest >= end.at
    if latest > end.at:
        assert latest - 1000.0 <= budget.affordable_seconds(limits, burn)
        assert latest - end.at <= min(budget.LONGEST_EXTENSION, limits.keep_outputs // 2), "time to fetch is left"
        assert longest is None or latest - 1000.0 <= longest


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(limits=limits_of_any_kind, compute=st.floats(0.01, 500), keep=st.floats(0, 5))
def test_the_least_cap_is_one_that_is_enough(limits: Limits, compute: float, keep: float) -> None:
    burn = Burn(compute, keep)
    enough = Limits(limits.max_run_duration, limits.keep_outputs, least_cap(limits, burn))
    short = Limits(limits.max_run_duration, limits.keep_outputs, least_cap(limits, burn) * 0.95)
    assert run_time(enough, burn)[0] >= budget.needed_seconds(limits)
    assert run_time(short, burn)[0] <= run_time(enough, burn)[0]


DEADLINES: dict[str, tuple[Limits, Burn, tuple[int, str]]] = {
    "without a cap it is max_run_duration": (Limits(3600, 0), Burn(10.0), (3600, "max_run_duration")),
    "where nothing is charged a cap ends nothing": (Limits(3600, 0, 0.01), Burn(), (3600, "max_run_duration")),
    # 0.9 x 20 = 18; less 30 minutes at 10 = 13; over 10 an hour = 1.3 hours
    "a cap is nine tenths, less the deletion, over the burn": (
        Limits(86400, 0, 20.0),
        Burn(10.0),
        (4680, "max_cost_usd"),
    ),
    # 18 less 5.5 for the deletion and 2 for two hours of outputs = 10.5; over 11 an hour
    "kept outputs are paid for out of it": (Limits(86400, 7200, 20.0), Burn(10.0, 1.0), (3436, "max_cost_usd")),
    "one that does not suffice for the end leaves nothing": (Limits(86400, 0, 1.0), Burn(10.0), (0, "max_cost_usd")),
}


@pytest.mark.parametrize(("limits", "burn", "expected"), DEADLINES.values(), ids=DEADLINES.keys())
def test_deadlines(limits: Limits, burn: Burn, expected: tuple[int, str]) -> None:
    assert run_time(limits, burn) == expected


def test_a_run_with_a_group_that_is_late_begins_no_other_attempt() -> None:
    first = Deadline(36_000.0, 36_000, "max_run_duration")
    stuck = Ledger((Interval("compute-0", "compute", 1.0, 0.0, 1800.0),))
    assert next_deadline(first, Limits(36_000, 0, 1000.0), Burn(1.0), stuck, 1801.0).at == 1801.0


def test_an_eviction_takes_nothing_back() -> None:
    ledger = Ledger().opened(Interval("compute", "compute", 6.0, 0.0, 1e9))
    assert ledger.usd(3600.0) == 6.0
    assert ledger.closed({"compute": 1800.0}).closed({"compute": 60.0}).usd(1e6) == 3.0
    assert ledger.closed({"compute": -5.0}).usd(1e6) == 0.0
