"""The expiry timer is proven by a run of its own, against the local cloud's daemon; the patience by a clock of ours."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from stacks.timer import definition
from tests.azure import fake_daemon
from tests.azure.arm_calls import put
from tests.azure.fake_daemon import COMPUTE_NAME, KEEP_NAME, RUN, admin
from tests.localcloud.calls import COMPUTE, GROUP_DELETER, IDENTITY, KEEP, SUB
from tfinfra.azure import timer
from tfinfra.azure.clients import get_json
from tfinfra.azure.timer import await_armed
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError

WORKFLOW = "digits-abc123-timer"
PATH = f"{KEEP}/providers/Microsoft.Logic/workflows/{WORKFLOW}"
FAR = "2099-01-01T00:00:00Z"

cloud, no_faults = fake_daemon.cloud, fake_daemon.no_faults  # fixtures


def make(cloud: Cloud, *groups: str) -> None:
    for group in groups:
        put(cloud, group, "2024-03-01", {"location": "eastus", "tags": {"tfinfra-run": RUN, "tfinfra-expires-at": FAR}})
    put(cloud, IDENTITY, "2023-01-31", {"location": "eastus"})


def grant(cloud: Cloud, group: str) -> None:
    principal = get_json(cloud, IDENTITY, **{"api-version": "2023-01-31"})["properties"]["principalId"]
    role = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{GROUP_DELETER}"
    properties = {"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal"}
    path = f"{group}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-1111-1111-111111111111"
    put(cloud, path, "2022-04-01", {"properties": properties})


def put_timer(cloud: Cloud) -> None:
    """The timer of stacks/timer.py."""
    groups = {"compute": COMPUTE_NAME, "keep": KEEP_NAME}
    made = definition(groups, IDENTITY, dict.fromkeys(groups, "2126-11-30T10:00:00Z"))
    values = {"subscription": SUB.rpartition("/")[2]}
    parameters = {name: {"type": "String", "value": value} for name, value in values.items()}
    body = {
        "location": "eastus",
        "tags": {"tfinfra-run": "digits-abc123"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
        "properties": {"state": "Enabled", "definition": made, "parameters": parameters},
    }
    put(cloud, PATH, "2019-05-01", body)


def statuses(cloud: Cloud) -> list[str]:
    found = get_json(cloud, f"{PATH}/runs", **{"api-version": "2019-05-01"})["value"]
    return [run["properties"]["status"] for run in found]


def test_a_timer_with_its_rights_is_armed_at_once(cloud: Cloud) -> None:
    make(cloud, KEEP, COMPUTE)
    grant(cloud, KEEP)
    grant(cloud, COMPUTE)
    put_timer(cloud)
    begun = time.monotonic()
    assert await_armed(cloud, KEEP_NAME, WORKFLOW, timeout=10)
    assert time.monotonic() - begun < 8
    time.sleep(1.1)
    assert statuses(cloud) == ["Succeeded"]  # proven: from now on at its recurrence


def _hasty(cloud: Cloud) -> Cloud:
    return replace(cloud, pace=cloud.pace.times(0.01))


def test_a_timer_is_tried_again_until_its_right_is_there(cloud: Cloud) -> None:
    make(cloud, KEEP)
    put_timer(cloud)
    assert not await_armed(cloud, KEEP_NAME, WORKFLOW, timeout=0.8)
    assert statuses(cloud) == ["Failed"]  # the next comes at the recurrence, minutes later, or when it is asked for
    grant(cloud, KEEP)
    begun = time.monotonic()
    assert await_armed(_hasty(cloud), KEEP_NAME, WORKFLOW, timeout=10)
    assert time.monotonic() - begun < 8
    assert set(statuses(cloud)) == {"Succeeded", "Failed"}


def test_who_may_not_ask_for_a_run_waits_for_the_recurrence(cloud: Cloud) -> None:
    make(cloud, KEEP)
    put_timer(cloud)
    refusal = {"status": 403, "code": "AuthorizationFailed", "message": "no", "count": 100}
    admin(cloud, "POST", "faults", {"kind": "status", "method": "POST", "path": "triggers/clock/run", **refusal})
    assert not await_armed(_hasty(cloud), KEEP_NAME, WORKFLOW, timeout=1.0)
    assert statuses(cloud) == ["Failed"]


def test_no_timer_is_not_armed(cloud: Cloud) -> None:
    assert not await_armed(cloud, KEEP_NAME, WORKFLOW, timeout=0.2)


def test_an_answer_that_is_refused_is_asked_for_again(cloud: Cloud) -> None:
    make(cloud, KEEP)
    grant(cloud, KEEP)
    put_timer(cloud)
    admin(cloud, "POST", "faults", {"kind": "status", "status": 403, "code": "AuthorizationFailed", "count": 3})
    assert await_armed(cloud, KEEP_NAME, WORKFLOW, timeout=10)


class Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


ANSWERS: dict[str, Any] = {
    "no run so far": {"value": []},
    "only a failed run and one that goes on": {
        "value": [{"properties": {"status": status}} for status in ("Failed", "Running")]
    },
    "forbidden": 403,
    "not there": 404,
    "out of order": 503,
}


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    def answered(*_: Any, **__: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            error = HttpResponseError("no")
            error.status_code = answer
            raise error
        return answer

    monkeypatch.setattr(timer, "get_json", answered)


@pytest.mark.parametrize("case", ANSWERS)
def test_patience_ends_with_the_timeout(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    answer_with(monkeypatch, ANSWERS[case])
    clock = Clock()
    assert not await_armed(cloud, KEEP_NAME, WORKFLOW, timeout=1800, clock=clock, sleep=clock.sleep)
    assert clock.now == pytest.approx(1900)
    assert clock.slept[0] == 0.1
    assert clock.slept[:-1] == sorted(clock.slept[:-1])
    assert max(clock.slept) == 5.0


def test_a_cloud_without_an_answer_is_revived(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.core.exceptions import ServiceRequestError

    answer_with(monkeypatch, ServiceRequestError("refused"))
    revived: list[bool] = []
    dead = replace(cloud, ensure=lambda: revived.append(True))
    assert not await_armed(dead, KEEP_NAME, WORKFLOW, timeout=0)
    assert revived == [True]


def test_no_credentials_is_told_at_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    answer_with(monkeypatch, ClientAuthenticationError("log in"))
    with pytest.raises(CredentialsError, match="log in"):
        await_armed(cloud, KEEP_NAME, WORKFLOW, timeout=1)
