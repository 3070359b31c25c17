"""What ARM's clients make of answers that are not what was asked for: of a subscription that is not seen, of a proxy,
of lists that are none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.azure.answering import Reply, Wire, azure
from tfinfra.azure.clients import send_json
from tfinfra.azure.deletion.delete_group import TRIES, delete_group
from tfinfra.azure.deletion.groups import group_exists, list_runs
from tfinfra.azure.preflight.ask import _reply
from tfinfra.azure.prerequisites.group_deleter import deleter_role
from tfinfra.azure.stores import run_store
from tfinfra.azure.timer import await_armed
from tfinfra.azure.vm_instances import instances
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError, TeardownIncomplete, TfinfraError

RUN = "digits-abc123"
GROUP = f"tfinfra-{RUN}-compute"
# Azure/autorest-clientruntime-for-java#511
UNSEEN = {"error": {"code": "SubscriptionNotFound", "message": "The subscription '0b1f6471' could not be found."}}
PAGE = b"<html><head><title>Blocked by the proxy</title></head><body>no</body></html>"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def always(monkeypatch: pytest.MonkeyPatch, status: int, body: Any) -> Wire:
    wire = Wire(lambda *_: (status, body, {}))
    wire.put_under(monkeypatch)
    return wire


def test_a_subscription_that_is_not_seen_is_no_proof_that_a_group_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = always(monkeypatch, 404, UNSEEN)
    with pytest.raises(TeardownIncomplete, match=r"could not be found.*you do not see the subscription"):
        delete_group(azure(), GROUP, RUN, timeout=1800)
    assert len(wire.asked) <= TRIES + 1
    assert group_exists(azure(), GROUP) is None


@pytest.mark.parametrize("work", [instances, run_store])
@pytest.mark.parametrize("body", [UNSEEN, None, PAGE], ids=["a subscription that is not seen", "no word", "a page"])
def test_a_404_that_is_not_of_the_group_says_nothing_of_what_is_in_it(
    work: Callable[[Cloud, str], Any], body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    always(monkeypatch, 404, body)
    with pytest.raises(ProvisioningError, match="cannot be listed"):
        work(azure(), GROUP)


def test_a_token_that_arm_does_not_take_ends_a_deletion_with_the_way_in(monkeypatch: pytest.MonkeyPatch) -> None:
    # Azure/Azure-Sentinel#11922
    said = "The access token expiry UTC time '3/5/2025' is earlier than current UTC time '3/17/2025'."
    wire = always(monkeypatch, 401, {"error": {"code": "ExpiredAuthenticationToken", "message": said}})
    with pytest.raises(TeardownIncomplete, match=r"access token expiry.*az login"):
        delete_group(azure(), GROUP, RUN, timeout=1800)
    assert len(wire.asked) <= TRIES + 1


ODD: dict[str, tuple[int, Any]] = {
    "null": (200, b"null"),
    "a list without an envelope": (200, b"[]"),
    "nothing": (200, None),
    "a page": (200, PAGE),
    "bytes that are no text": (200, b"\xff\xfe{\x80"),
    "a list that is null": (200, {"value": None}),
    "another place": (301, None),
    "a page instead of a refusal": (403, PAGE),
}
ASKED: dict[str, Callable[[Cloud], Any]] = {
    "the deletion of a group": lambda cloud: delete_group(cloud, GROUP, RUN, timeout=0.03),
    "whether a group is there": lambda cloud: group_exists(cloud, GROUP),
    "all runs": list_runs,
    "a group's machines": lambda cloud: instances(cloud, GROUP),
    "a run's store": lambda cloud: run_store(cloud, GROUP),
    "the deleting role": deleter_role,
    "a timer": lambda cloud: await_armed(cloud, GROUP, "w", timeout=0.01, sleep=lambda _: None),
}


@pytest.mark.parametrize(("status", "body"), ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
def test_an_answer_that_is_none_of_arms_is_told_and_never_a_crash(
    ask: Callable[[Cloud], Any], status: int, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ask is deleter_role and body == {"value": None}:
        body = None  # as a role's own document it would be one without a word
    always(monkeypatch, status, body)
    try:
        found = ask(azure())
    except TfinfraError as error:
        assert "Expecting value" not in str(error)
        assert "Operation returned" not in str(error)
    else:
        assert found in (None, False, True)


def test_a_proxy_is_named_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    always(monkeypatch, 403, PAGE)
    with pytest.raises(ProvisioningError, match=r"HTTP status 403.*proxy in between\?: Blocked by the proxy"):
        list_runs(azure())


def test_a_list_of_which_a_page_does_not_come_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = {"error": {"code": "TooManyRequests", "message": "The request is being throttled."}}  # Azure/migAz#57

    def answer(_: str, path: str) -> Reply:
        if path.endswith("/second"):
            return 429, busy, {}
        return 200, {"value": [{"name": "a"}], "nextLink": "https://management.azure.com/second"}, {}

    Wire(answer).put_under(monkeypatch)
    assert send_json(azure(), "GET", "/first") == (429, busy)
    assert not _reply(azure(), "GET", "/first", None, {}).ok


def test_an_operation_that_names_its_address_once_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later answers of 202 may come without a Location, as azure-core's LocationPolling takes them."""
    place = {"Location": "https://management.azure.com/o", "Retry-After": "0"}
    answers = iter([(202, None, place), (202, None, {"Retry-After": "0"}), (200, {"done": True}, {})])
    Wire(lambda *_: next(answers)).put_under(monkeypatch)
    assert send_json(azure(), "DELETE", "/x") == (200, {"done": True})


def test_an_operation_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    Wire(lambda *_: (202, None, {"Location": "https://management.azure.com/o"})).put_under(monkeypatch)
    assert send_json(azure(), "POST", "/x", None, 0.01)[0] == 202


MACHINES: dict[str, tuple[dict[str, Any], str]] = {
    "an instance view of null": ({"provisioningState": "Creating", "instanceView": None}, "creating"),
    "no properties": ({}, ""),
    "nulls": ({"vmId": None, "provisioningState": None, "instanceView": {"statuses": None}}, ""),
    "no power state yet": ({"instanceView": {"statuses": [{"code": "ProvisioningState/creating"}]}}, ""),
    # taskcluster/taskcluster#3347
    "a system that is late, and runs": (
        {
            "instanceView": {
                "statuses": [
                    {"code": "ProvisioningState/failed/OSProvisioningTimedOut"},
                    {"code": "PowerState/running"},
                ]
            }
        },
        "running",
    ),
}


@pytest.mark.parametrize(("properties", "state"), MACHINES.values(), ids=MACHINES.keys())
@pytest.mark.parametrize("mode", ["Uniform", "Flexible"])
def test_a_machine_of_whom_little_is_said(
    mode: str, properties: dict[str, Any], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: str, path: str) -> Reply:
        if path.endswith("virtualMachineScaleSets"):
            return 200, {"value": [{"id": "/s", "name": "nodes", "properties": {"orchestrationMode": mode}}]}, {}
        return 200, {"value": [{"name": "nodes_0", "properties": properties or None}]}, {}

    Wire(answer).put_under(monkeypatch)
    assert [one.state for one in instances(azure(), GROUP)] == [state]
