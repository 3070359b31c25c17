"""How often ARM is asked for a run's machines: its limits are one for all who use the subscription."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tfinfra.clouds import AZURE_TIMEOUTS, LOCAL_TIMEOUTS
from tfinfra.lifecycle.watch.poll_times import AT_MOST, Listing
from tfinfra.model import Timeouts

LIMIT_IN_3_MINUTES, LIMIT_IN_30 = 140, 700
CALLS = 2
"""The sets, and the machines of the one there is."""


def _times(timeouts: Timeouts, seconds: int, *, late: bool = False, refused: bool = False) -> list[int]:
    """The seconds at which a list is asked for, looked for four times a second."""
    now = [0.0]
    listing, asked = Listing(timeouts, lambda: now[0]), list[int]()
    for quarter in range(4 * seconds):
        now[0] = quarter / 4
        if listing.due(late, refused and bool(asked)):
            asked.append(int(now[0]))
    return asked


def test_eight_runs_beside_each_other_stay_under_the_smallest_limits() -> None:
    for late in (False, True):
        assert 8 * CALLS * len(_times(AZURE_TIMEOUTS, 180, late=late)) <= LIMIT_IN_3_MINUTES
        assert 8 * CALLS * len(_times(AZURE_TIMEOUTS, 1800, late=late)) <= LIMIT_IN_30


def test_a_node_that_is_late_makes_it_sooner_and_not_for_ever() -> None:
    usual, sooner = _times(AZURE_TIMEOUTS, 90), _times(AZURE_TIMEOUTS, 600, late=True)
    assert usual == [0, 45]
    assert sooner[:AT_MOST] == [0, 9, 18, 27]
    assert sooner[AT_MOST + 1] - sooner[AT_MOST] == 45


def test_the_local_cloud_is_asked_every_other_second() -> None:
    assert _times(LOCAL_TIMEOUTS, 7) == [0, 2, 4, 6]


@pytest.mark.parametrize(("timeouts", "gaps"), [(AZURE_TIMEOUTS, [90, 180, 300]), (LOCAL_TIMEOUTS, [4, 8, 16])])
def test_an_arm_that_refuses_is_asked_ever_more_seldom(timeouts: Timeouts, gaps: list[int]) -> None:
    times = _times(timeouts, 2000, refused=True)
    found = [later - earlier for earlier, later in pairwise(times)]
    assert found[:3] == gaps
    assert max(found) == gaps[-1]


@pytest.mark.parametrize("timeouts", [AZURE_TIMEOUTS, LOCAL_TIMEOUTS], ids=["Azure", "local"])
def test_after_a_refusal_the_usual_rate_is_back(timeouts: Timeouts) -> None:
    now = [0.0]
    listing = Listing(timeouts, lambda: now[0])
    assert listing.due(late=False, refused=False)
    now[0] += 4 * timeouts.listing
    assert listing.due(late=True, refused=True)
    now[0] += timeouts.listing
    assert listing.due(late=False, refused=False)
