"""What ARM's answers say against a place before it is tried."""

from __future__ import annotations

import pytest

from tests.azure.answering import SUBSCRIPTION, Wire, azure
from tests.azure.preflight.replies import DEMAND, FORBIDDEN, listed, restriction, sku, usages
from tests.lifecycle.fakes import a_plan
from tfinfra.azure.preflight.capacity_check import known_shortage, shortage
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.errors import CredentialsError
from tfinfra.model import Target

OFFERED = listed(sku())
CLOSED = listed(sku(restrictions=[restriction("Location")]))
NOTHING_LEFT, NO_QUOTA = usages(family=(960, 960)), usages(family=(0, 0))
ANSWERS: dict[str, tuple[ArmReply, ArmReply, bool, str | None]] = {
    "room for all": (OFFERED, usages(), False, None),
    "a size that is closed": (CLOSED, usages(), False, "closed to this subscription in eastus"),
    "a size that is not offered": (listed(), usages(), False, "is not offered in eastus"),
    "no quota at all": (OFFERED, NO_QUOTA, False, "0 of 0 are free"),
    "a quota that is used up": (OFFERED, NOTHING_LEFT, False, "0 of 960 are free"),
    "a quota that the last try may still use up": (OFFERED, NOTHING_LEFT, True, None),
    "no quota at all, where something was tried": (OFFERED, NO_QUOTA, True, "0 of 0 are free"),
    "who may not ask": (FORBIDDEN, FORBIDDEN, False, None),
    "an ARM that does not answer": (ArmReply(0, {}), ArmReply(0, {}), False, None),
}


@pytest.mark.parametrize(("skus", "used", "tried", "words"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_speaks_against_a_choice(skus: ArmReply, used: ArmReply, tried: bool, words: str | None) -> None:
    found = shortage(skus, used, DEMAND, tried=tried)
    assert (words is None) if found is None else (words is not None and words in found)


@pytest.mark.parametrize(("status", "passes"), [(401, False), (500, True)], ids=["a token that ended", "ARM's fault"])
def test_a_choice_is_tried_though_arm_does_not_answer_unless_it_takes_no_token(
    status: int, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"error": {"code": "ExpiredAuthenticationToken", "message": "The access token expiry is over."}}
    Wire(lambda *_: (status, body, {})).put_under(monkeypatch)
    plan, target = a_plan(), Target("t", "azure", "eastus", "Standard_D8s_v5", 64, SUBSCRIPTION)
    if passes:
        assert known_shortage(azure(), plan, target, plan.infrastructure, tried=False) is None
        return
    with pytest.raises(CredentialsError, match="does not accept your token"):
        known_shortage(azure(), plan, target, plan.infrastructure, tried=False)
