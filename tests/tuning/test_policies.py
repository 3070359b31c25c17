"""Early termination: held against HyperDrive's text, read the slow way, and what must hold whatever is logged."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from statistics import median

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.tuning.tunes import a_tune
from tfinfra.model.tuning import Policy
from tfinfra.tuning.policies import MOST_INTERVALS, Trace, cuts, fault, look_at

A_THOUSAND = settings(max_examples=1000, deadline=None, phases=[Phase.generate, Phase.shrink])
VALUES = st.sampled_from([*(n / 4 for n in range(-4, 5)), math.nan, math.inf, -math.inf])
"""Few numbers, so that ties are common."""
TRACES = st.lists(st.tuples(st.lists(VALUES, max_size=6), st.booleans()), max_size=6).map(
    lambda given: [Trace(n, tuple(values), running) for n, (values, running) in enumerate(given)]
)
WHEN = {"evaluation_interval": st.integers(1, 3), "delay_evaluation": st.integers(0, 5)}
BANDITS = st.one_of(
    st.builds(Policy, st.just("bandit"), **WHEN, slack_factor=st.sampled_from([0.0, 0.1, 0.5, 2.0])),
    st.builds(Policy, st.just("bandit"), **WHEN, slack_amount=st.sampled_from([0.0, 0.25, 1.0])),
)
MEDIANS = st.builds(Policy, st.just("median_stopping"), **WHEN)
TRUNCATIONS = st.builds(Policy, st.just("truncation_selection"), **WHEN, truncation_percentage=st.integers(1, 99))
POLICIES = st.one_of(BANDITS, MEDIANS, TRUNCATIONS)


def cut(policy: Policy, traces: list[Trace], goal: str = "maximize") -> set[int]:
    return {each.number for each in cuts(a_tune(goal=goal, policy=policy), traces)}


def last_look(policy: Policy, trace: Trace) -> int | None:
    """The text: "the policy applies every multiple of evaluation_interval that is greater than or equal to
    delay_evaluation"."""
    looks = [n for n in range(1, len(trace.values) + 1) if n % policy.evaluation_interval == 0]
    return max((n for n in looks if n >= policy.delay_evaluation), default=None)


def numbers(trace: Trace, interval: int) -> list[float]:
    return [value for value in trace.values[:interval] if not math.isnan(value)]


def looked_at(policy: Policy, traces: list[Trace]) -> list[tuple[Trace, int]]:
    """The running trials that a policy looks at, without those that end since they log no number."""
    pairs = [(each, n) for each in traces if each.running and (n := last_look(policy, each))]
    return [(each, n) for each, n in pairs if not math.isnan(each.values[n - 1])]


def not_a_number(policy: Policy, traces: list[Trace]) -> set[int]:
    pairs = [(each, n) for each in traces if each.running and (n := last_look(policy, each))]
    return {each.number for each, n in pairs if math.isnan(each.values[n - 1])}


@A_THOUSAND
@given(BANDITS, TRACES)
def test_a_bandit_ends_what_with_its_slack_stays_below_the_best_run(policy: Policy, traces: list[Trace]) -> None:
    expected = not_a_number(policy, traces)
    for trace, interval in looked_at(policy, traces):
        best_run = max(value for each in traces for value in numbers(each, interval))
        own = max(numbers(trace, interval))
        if policy.slack_factor is not None:
            ends = own < best_run and (own == -math.inf or own + abs(own) * policy.slack_factor < best_run)
        else:
            assert policy.slack_amount is not None
            ends = own < best_run - policy.slack_amount
        expected |= {trace.number} if ends else set()
    assert cut(policy, traces) == expected


@A_THOUSAND
@given(MEDIANS, TRACES.filter(lambda traces: not any(math.isinf(value) for each in traces for value in each.values)))
def test_median_stopping_ends_what_is_worse_than_the_median_of_the_averages(
    policy: Policy, traces: list[Trace]
) -> None:
    expected = not_a_number(policy, traces)
    for trace, interval in looked_at(policy, traces):
        averages = [
            sum(map(Fraction, there), Fraction(0)) / len(there)
            for each in traces
            if (len(each.values) >= interval or not each.running) and (there := numbers(each, interval))
        ]
        short = Fraction(max(numbers(trace, interval))) - median(averages)
        if abs(short) < Fraction(1, 10**9) and short != 0:
            return  # a rounding decides
        expected |= {trace.number} if short < 0 else set()
    assert cut(policy, traces) == expected


@A_THOUSAND
@given(TRUNCATIONS, TRACES)
def test_truncation_ends_the_lowest_share_of_those_that_came_as_far(policy: Policy, traces: list[Trace]) -> None:
    expected = not_a_number(policy, traces)
    for trace, interval in looked_at(policy, traces):
        there = [max(numbers(e, interval), default=-math.inf) for e in traces if len(e.values) >= interval]
        own = max(numbers(trace, interval))
        not_better = len([value for value in there if value <= own])
        assert policy.truncation_percentage is not None
        expected |= {trace.number} if 100 * not_better <= policy.truncation_percentage * len(there) else set()
    assert cut(policy, traces) == expected


@given(POLICIES, TRACES)
def test_to_minimise_is_to_maximise_the_negative(policy: Policy, traces: list[Trace]) -> None:
    negative = [replace(each, values=tuple(-value for value in each.values)) for each in traces]
    assert cut(policy, traces, "maximize") == cut(policy, negative, "minimize")


@given(POLICIES, TRACES)
def test_only_running_trials_end_and_never_the_best_of_all(policy: Policy, traces: list[Trace]) -> None:
    ended = cut(policy, traces)
    assert ended <= {each.number for each in traces if each.running}
    for trace, interval in looked_at(policy, traces):
        if max(numbers(trace, interval)) >= max(v for each in traces for v in numbers(each, len(each.values))):
            assert trace.number not in ended


@given(POLICIES, TRACES, st.randoms(use_true_random=False))
def test_the_order_of_the_trials_changes_nothing(policy: Policy, traces: list[Trace], order: object) -> None:
    shuffled = sorted(traces, key=lambda each: hash((str(order), each.number)))
    assert cut(policy, traces) == cut(policy, shuffled)


@given(TRUNCATIONS, TRACES)
def test_truncation_never_ends_more_than_its_share_of_an_interval(policy: Policy, traces: list[Trace]) -> None:
    ended = cut(policy, traces) - not_a_number(policy, traces)
    for interval in range(1, 7):
        here = [trace for trace, n in looked_at(policy, traces) if n == interval and trace.number in ended]
        there = [each for each in traces if len(each.values) >= interval]
        assert 100 * len(here) <= (policy.truncation_percentage or 0) * len(there)


EXAMPLES = {
    "the documents' slack factor: 0.66 + 20 % is below 0.8": (Policy("bandit", slack_factor=0.2), [0.8], [0.66], True),
    "the documents' slack factor: 0.67 + 20 % is above 0.8": (Policy("bandit", slack_factor=0.2), [0.8], [0.67], False),
    "the documents' slack amount: less than 0.8 - 0.2": (Policy("bandit", slack_amount=0.2), [0.8], [0.59], True),
    "just within a slack amount": (Policy("bandit", slack_amount=0.2), [0.8], [0.61], False),
    "a negative best leaves room below it": (Policy("bandit", slack_factor=0.1), [-1.0], [-1.05], False),
    "below all that is a number": (Policy("bandit", slack_factor=0.1), [0.8], [-math.inf], True),
    "far below a negative best": (Policy("bandit", slack_factor=0.1), [-1.0], [-1.2], True),
    "an equal constant run": (Policy("median_stopping"), [0.1] * 3, [0.1] * 3, False),
    "the best so far counts, not the last": (Policy("median_stopping"), [0.5, 0.5], [0.6, 0.1], False),
    "later values of the other do not count": (Policy("bandit", slack_amount=0.1), [0.5, 0.9], [0.5], False),
    "before the delay": (Policy("bandit", slack_amount=0.1, delay_evaluation=3), [0.9] * 3, [0.1] * 2, False),
    "at the delay": (Policy("bandit", slack_amount=0.1, delay_evaluation=3), [0.9] * 3, [0.1] * 3, True),
    "between two intervals": (Policy("bandit", slack_amount=0.1, evaluation_interval=2), [0.9] * 3, [0.1], False),
    "not a number": (Policy("median_stopping"), [], [math.nan], True),
    "half of two": (Policy("truncation_selection", truncation_percentage=50), [0.9], [0.1], True),
    "less than half of two is none": (Policy("truncation_selection", truncation_percentage=49), [0.9], [0.1], False),
}


@pytest.mark.parametrize(("policy", "ended", "running", "ends"), EXAMPLES.values(), ids=EXAMPLES)
def test_an_example(policy: Policy, ended: list[float], running: list[float], ends: bool) -> None:
    traces = [Trace(1, tuple(ended), running=False), Trace(2, tuple(running), running=True)]
    assert (cut(policy, traces) == {2}) == ends


def test_the_first_wave_is_cut_too() -> None:
    traces = [Trace(1, (0.9,), running=True), Trace(2, (0.1,), running=True)]
    assert cut(Policy("bandit", slack_amount=0.1), traces) == {2}


def test_why_is_a_sentence_in_the_metrics_own_sign() -> None:
    traces = [Trace(1, (0.25,), running=False), Trace(2, (0.5,), running=True)]
    tune = a_tune(goal="minimize", policy=Policy("bandit", slack_factor=0.1))
    assert [each.why for each in cuts(tune, traces)] == [
        "its best acc up to interval 1, 0.5, is further from the best of all, 0.25, than slack_factor 0.1 allows"
    ]


def test_no_policy_ends_nothing() -> None:
    assert cuts(a_tune(), [Trace(1, (math.nan,), running=True)]) == ()


FAULTS = {
    "a bandit without slack": (Policy("bandit"), "exactly one"),
    "a bandit with both": (Policy("bandit", slack_factor=0.1, slack_amount=0.1), "exactly one"),
    "a negative slack": (Policy("bandit", slack_amount=-0.1), "0 or more"),
    "a slack for the median": (Policy("median_stopping", slack_amount=0.1), "takes no slack"),
    "a share for a bandit": (Policy("bandit", slack_amount=0.1, truncation_percentage=5), "takes no truncation"),
    "no share": (Policy("truncation_selection"), "between 1 and 99"),
    "a share of all": (Policy("truncation_selection", truncation_percentage=100), "between 1 and 99"),
    "no interval": (Policy("median_stopping", evaluation_interval=0), "1 or more"),
    "a look that never comes": (Policy("median_stopping", delay_evaluation=MOST_INTERVALS + 1), "look at interval"),
}


@pytest.mark.parametrize(("policy", "words"), FAULTS.values(), ids=FAULTS)
def test_what_hyperdrive_refuses_is_refused(policy: Policy, words: str) -> None:
    assert words in (fault(policy) or "")


def test_a_policy_that_is_right_looks_somewhere() -> None:
    policy = Policy("median_stopping", evaluation_interval=3, delay_evaluation=5)
    assert fault(policy) is None
    assert [look_at(policy, n) for n in (0, 5, 6, 8, 9)] == [None, None, 6, 6, 9]
