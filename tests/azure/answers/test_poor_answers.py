"""Answers of ARM's that are refusals, halves, or none: what each asking makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError

from tests.azure.answering import SUBSCRIPTION, Reply, Wire, azure
from tests.azure.preflight.replies import DEMAND
from tests.stacks.plans import FLEXIBLE, plan
from tfinfra.azure.answers import arm_error, reason
from tfinfra.azure.clients import LONGEST_WAIT, get_json, send_json
from tfinfra.azure.deletion.removal import remove
from tfinfra.azure.identity.caller import claims
from tfinfra.azure.preflight.alternatives import candidates
from tfinfra.azure.preflight.ask import Asker
from tfinfra.azure.preflight.ask import _reply as asked_of
from tfinfra.azure.preflight.capacity_check import known_shortage
from tfinfra.azure.preflight.finding import ArmReply as Told
from tfinfra.azure.prerequisites import questions
from tfinfra.azure.prerequisites.group_deleter import deleter_role, make_group_deleter
from tfinfra.azure.prerequisites.questions import MissingPrerequisite, NotAnswered
from tfinfra.azure.stores import run_store
from tfinfra.azure.vm_instances import deaths
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, ProvisioningError
from tfinfra.model import Target

RUN = "digits-abc123"
GROUP = f"tfinfra-{RUN}-compute"
LIST = f"/subscriptions/{SUBSCRIPTION}/resourcegroups"
NEXT = f"https://management.azure.com{LIST}/next"
NO_TOKEN = {"error": {"code": "ExpiredAuthenticationToken", "message": "The access token expired."}}
DENIED = {"error": {"code": "AuthorizationFailed", "message": "The client 'c' may not."}}
BROKEN = {"error": {"code": "InternalServerError", "message": "ARM broke."}}
VERSION = {"api-version": "2024-03-01"}
TARGET = Target(name="cpu", cloud="azure", location="eastus", vm_size="Standard_D8s_v5", os_disk_gb=128)


def answering(patch: pytest.MonkeyPatch, answer: Callable[[str, str], Reply]) -> Cloud:
    Wire(answer).put_under(patch)
    return azure()


@pytest.mark.parametrize("ask", [get_json, lambda cloud, path, **q: send_json(cloud, "GET", path, **q)[1]])
def test_all_pages_of_a_list_are_one_list(ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pages: dict[str, Any] = {"next": {"value": [2]}, "resourcegroups": {"value": [1], "nextLink": NEXT}}
    cloud = answering(monkeypatch, lambda _, path: (200, pages[path.rpartition("/")[2]], {}))
    assert ask(cloud, LIST, **VERSION)["value"] == [1, 2]


ASKING: tuple[Callable[[Cloud], Any], ...] = (
    lambda cloud: get_json(cloud, LIST, **VERSION),
    lambda cloud: send_json(cloud, "GET", LIST, **VERSION)[1],
)
WAITS = ("Wed, 21 Oct 2099 07:28:00 GMT", "soon", "nan", "-5", "inf", "")


@pytest.mark.parametrize("ask", ASKING)
@pytest.mark.parametrize("wait", WAITS)
def test_whatever_is_said_of_waiting_it_is_a_short_while(
    wait: str, ask: Callable[[Cloud], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = (429, {"error": {"code": "TooManyRequests", "message": "Slowly."}}, {"Retry-After": wait})
    replies = iter([busy, (200, {"value": [1]}, {})])
    wire = Wire(lambda *_: next(replies))
    wire.put_under(monkeypatch)
    assert ask(azure())["value"] == [1]
    assert all(0 <= seconds <= LONGEST_WAIT for seconds in wire.slept)


@pytest.mark.parametrize("ask", ASKING)
@pytest.mark.parametrize("place", [NEXT, 7, {"a": 1}])
def test_a_list_whose_pages_lead_to_each_other_is_no_list(
    place: Any, ask: Callable[[Cloud], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = answering(monkeypatch, lambda *_: (200, {"value": [1], "nextLink": place}, {}))
    with pytest.raises(DecodeError, match="has no end"):
        ask(cloud)


def test_an_error_in_an_answer_of_200_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = answering(monkeypatch, lambda *_: (200, DENIED, {}))
    with pytest.raises(HttpResponseError) as caught:
        get_json(cloud, f"{LIST}/g", **VERSION)
    assert reason(caught.value) == "The client 'c' may not."
    told = asked_of(cloud, "GET", f"{LIST}/g", None, VERSION)
    assert (told.status, told.error["code"]) == (0, "AuthorizationFailed")


def test_an_error_without_a_body_that_can_be_read_is_told_in_its_own_words() -> None:
    error = HttpResponseError("the connection was cut")
    error.response = object()  # type: ignore[assignment]
    assert arm_error(error) is None
    assert reason(error) == "the connection was cut"


def refusing(words: str) -> Cloud:
    class Credential:
        def get_token(self, *_: str, **__: Any) -> Any:
            raise ClientAuthenticationError(words)

    return replace(azure(), credential=Credential)


def test_a_caller_without_a_token_is_told_entras_own_sentence() -> None:
    cloud = refusing("tried all:\n  AzureCliCredential: AADSTS700082: The refresh token has expired. Trace ID: 1")
    with pytest.raises(CredentialsError, match=r"AADSTS700082: The refresh token has expired\.") as caught:
        claims(cloud)
    assert "tried all" not in caught.value.message
    assert "Trace ID" not in caught.value.message


def test_a_preflight_without_a_token_ends() -> None:
    with Asker(refusing("AADSTS50076: sign in again")) as asker, pytest.raises(CredentialsError, match="AADSTS50076"):
        asker.market_now(("eastus",))


def test_a_preflight_without_an_answer_goes_on_with_what_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: str) -> Reply:
        raise requests.ConnectionError("no way there")

    with Asker(answering(monkeypatch, answer)) as asker:
        usages, skus = asker.market_now(("eastus",))
    assert (usages["eastus"].status, skus["eastus"].status) == (0, 0)
    assert skus["eastus"].error["code"] == "ServiceRequestError"


def test_a_refusal_that_is_no_error_of_arms_is_told_by_its_status() -> None:
    assert Told(502, "bad gateway").error == {"code": "502", "message": "bad gateway"}


def test_nothing_is_offered_in_place_of_a_size_that_nobody_knows() -> None:
    assert candidates(replace(DEMAND, vm_size="Standard_X1"), TARGET) == ()


STATUS: dict[str, tuple[int, Any, type[Exception], str]] = {
    "no token": (401, NO_TOKEN, CredentialsError, "token"),
    "no right": (403, DENIED, CredentialsError, "may not"),
    "ARM breaks": (500, BROKEN, ProvisioningError, "ARM broke"),
}


@pytest.mark.parametrize(("status", "body", "kind", "words"), STATUS.values(), ids=STATUS.keys())
def test_why_the_role_cannot_be_made(
    status: int, body: Any, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(method: str, path: str) -> Reply:
        if method == "PUT":
            return status, body, {}
        return (200, {"value": []}, {}) if path.endswith("roleDefinitions") else (404, BROKEN, {})

    with pytest.raises(kind, match=words):
        make_group_deleter(answering(monkeypatch, answer))


BUSY = {"error": {"code": "TooManyRequests", "message": "The request is being throttled."}}
NO_ANSWERS: dict[str, Reply] = {
    "a fault of ARM's": (500, BROKEN, {}),
    "a gateway without words": (502, b"", {}),
    "ARM that is not there": (503, BROKEN, {}),
    "throttling": (429, BUSY, {"Retry-After": "0"}),
    "a page of a network": (200, b"<html>sign in</html>", {}),
    "a refusal of a proxy": (403, b"<html>no</html>", {"Content-Type": "text/html"}),
}


@pytest.mark.parametrize("reply", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_no_answer_of_arm_is_no_missing_right(reply: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "ANSWERING", 0.02)
    with pytest.raises(NotAnswered, match="ARM does not tell") as raised:
        deleter_role(answering(monkeypatch, lambda *_: reply))
    assert raised.value.exit_code == 6
    assert "answers from here" in str(raised.value.hint)


def test_no_connection_is_no_missing_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "ANSWERING", 0.02)

    def refuse(method: str, path: str) -> Reply:
        raise requests.ConnectionError("Connection refused")

    with pytest.raises(NotAnswered, match="Connection refused"):
        deleter_role(answering(monkeypatch, refuse))


def test_a_cloud_that_comes_back_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    back: list[str] = []

    def answer(method: str, path: str) -> Reply:
        if len(back) < 2:
            raise requests.ConnectionError("Connection refused")
        return 404, {"error": {"code": "RoleDefinitionDoesNotExist", "message": "no"}}, {}

    cloud = replace(answering(monkeypatch, answer), ensure=lambda: back.append("ensured"))
    with pytest.raises(MissingPrerequisite, match="cannot be read: no"):
        deleter_role(cloud)
    assert len(back) == 2


def test_a_right_that_is_missing_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingPrerequisite, match="may not") as raised:
        deleter_role(answering(monkeypatch, lambda *_: (403, DENIED, {})))
    assert (raised.value.denied, raised.value.exit_code) == (True, 4)


def test_a_right_that_arm_names_is_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    action = "Microsoft.Authorization/roleDefinitions/read"
    said = f"The client 'c' does not have authorization to perform action '{action}' over scope '/subscriptions/s'."
    denied = {"error": {"code": "AuthorizationFailed", "message": said}}
    with pytest.raises(MissingPrerequisite) as raised:
        deleter_role(answering(monkeypatch, lambda *_: (403, denied, {})))
    assert str(raised.value.hint).startswith(f"ask for a role with {action} there;")


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialsError), (500, ProvisioningError)])
def test_a_store_that_is_not_told_of_is_no_missing_store(
    status: int, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(kind):
        run_store(answering(monkeypatch, lambda *_: (status, BROKEN, {})), GROUP)


ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network/virtualNetworks/{RUN}-vnet"


def test_what_was_in_a_group_that_has_gone_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = answering(monkeypatch, lambda *_: (404, {"error": {"code": "ResourceGroupNotFound", "message": "n"}}, {}))
    remove(cloud, ID, GROUP, RUN, timeout=0)


def test_why_a_resource_could_not_be_removed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = answering(monkeypatch, lambda *_: (403, DENIED, {}))
    with pytest.raises(ProvisioningError, match="cannot be removed: The client 'c' may not"):
        remove(cloud, ID, GROUP, RUN, timeout=0)


def test_a_choice_of_which_arm_says_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = answering(monkeypatch, lambda *_: (403, DENIED, {}))
    assert known_shortage(cloud, plan(FLEXIBLE), TARGET, FLEXIBLE, tried=False) is None


VIEW = {
    "statuses": [
        {"code": "ProvisioningState/failed/AllocationFailed", "level": "Error", "displayStatus": "Provisioning failed",
         "message": "Allocation failed."},
        {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"},
        *({"code": "InstanceGone", "level": "Error", "displayStatus": f"n_{n}", "message": "m"} for n in range(4)),
    ]
}  # fmt: skip
TOLD_DEATHS: dict[str, tuple[Reply, str]] = {
    "what ARM says": ((200, VIEW, {}), "Provisioning failed: Allocation failed.; n_0: m; n_1: m (and 2 more)"),
    "nothing": ((200, {}, {}), ""),
    "a view that is none": ((200, [], {}), ""),
    "statuses that are none": ((200, {"statuses": ["x"]}, {}), ""),
    "a fault": ((500, BROKEN, {}), ""),
    "no right": ((403, DENIED, {}), ""),
}


@pytest.mark.parametrize(("reply", "told"), TOLD_DEATHS.values(), ids=TOLD_DEATHS)
def test_machines_that_died(reply: Reply, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {"value": [{"name": "nodes"}]}
    answer = lambda _, path: (200, sets, {}) if path.endswith("virtualMachineScaleSets") else reply  # noqa: E731
    assert deaths(answering(monkeypatch, answer), GROUP) == told
