"""What ARM's answers say against a place before it is tried."""

from __future__ import annotations

import pytest

from tests.azure.preflight.replies import DEMAND, FORBIDDEN, listed, restriction, sku, usages
from tfinfra.azure.preflight.finding import Reply
from tfinfra.azure.preflight.place import lack

OFFERED = listed(sku())
CLOSED = listed(sku(restrictions=[restriction("Location")]))
NOTHING_LEFT, NO_QUOTA = usages(family=(960, 960)), usages(family=(0, 0))
ANSWERS: dict[str, tuple[Reply, Reply, bool, str | None]] = {
    "room for all": (OFFERED, usages(), False, None),
    "a size that is closed": (CLOSED, usages(), False, "closed to this subscription in eastus"),
    "a size that is not offered": (listed(), usages(), False, "is not offered in eastus"),
    "no quota at all": (OFFERED, NO_QUOTA, False, "0 of 0 are free"),
    "a quota that is used up": (OFFERED, NOTHING_LEFT, False, "0 of 960 are free"),
    "a quota that the last try may still use up": (OFFERED, NOTHING_LEFT, True, None),
    "no quota at all, where something was tried": (OFFERED, NO_QUOTA, True, "0 of 0 are free"),
    "who may not ask": (FORBIDDEN, FORBIDDEN, False, None),
    "an ARM that does not answer": (Reply(0, {}), Reply(0, {}), False, None),
}


@pytest.mark.parametrize(("skus", "used", "tried", "words"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_speaks_against_a_place(skus: Reply, used: Reply, tried: bool, words: str | None) -> None:
    found = lack(skus, used, DEMAND, tried=tried)
    assert (words is None) if found is None else (words is not None and words in found)
