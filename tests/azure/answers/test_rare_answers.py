"""Answers that ARM seldom gives: what is not decided by them is left open, and who cannot be asked is told of."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, DecodeError

from tests.azure.answering import Reply, Wire, azure
from tests.stacks.plans import FLEXIBLE, plan
from tfinfra.azure.answers import reason
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.azure.identity.credential import caller_claims
from tfinfra.azure.identity.environments import PUBLIC
from tfinfra.azure.preflight.ask import _reply
from tfinfra.azure.preflight.capacity_check import known_shortage
from tfinfra.azure.prerequisites.find import _deletes_all, _may_assign
from tfinfra.azure.prerequisites.group_deleter import deleter_role
from tfinfra.azure.stores import run_store
from tfinfra.cloud import Cloud
from tfinfra.clouds import provider_settings
from tfinfra.errors import CredentialsError, TfinfraError
from tfinfra.model import Target

RUN = "digits-abc123"
GROUP = f"tfinfra-{RUN}-compute"
DENIED = {"error": {"code": "AuthorizationFailed", "message": "The client 'c' may not."}}
UNSEEN = {"error": {"code": "SubscriptionNotFound", "message": "The subscription could not be found."}}
GONE = {"error": {"code": "ResourceGroupNotFound", "message": "There is none."}}
TARGET = Target(name="cpu", cloud="azure", location="eastus", vm_size="Standard_D8s_v5", os_disk_gb=128)


def answering(patch: pytest.MonkeyPatch, answers: dict[str, Reply]) -> Cloud:
    """`answers` by a word of the path; 404 of ARM's for all others."""

    def answer(_: str, path: str) -> Reply:
        return next((reply for word, reply in answers.items() if word in path), (404, GONE, {}))

    Wire(answer).put_under(patch)
    return azure()


NO_ANSWERS: dict[str, tuple[Reply, str]] = {
    "one that ARM is still at": ((202, None, {}), "NoAnswer"),
    "one that is no document": ((200, b'"a word"', {}), "DecodeError"),
}


@pytest.mark.parametrize(("reply", "code"), NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_what_is_no_answer_is_not_known(reply: Reply, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = _reply(answering(monkeypatch, {"": reply}), "GET", "/subscriptions", None, {})
    assert (told.ok, told.status, told.error["code"]) == (False, 0, code)


def test_a_page_that_cannot_be_read_is_told_by_its_status() -> None:
    class Unread:
        status_code = 502

        def text(self) -> str:
            raise ValueError("no text")

    error = DecodeError("no JSON")
    error.response = Unread()  # type: ignore[assignment]
    assert reason(error) == "the answer (HTTP status 502) is none of ARM's; is there a proxy in between?"


def test_a_choice_is_tried_where_arm_cannot_be_asked() -> None:
    def nothing() -> NoReturn:
        raise TfinfraError("the token's file is torn")

    cloud = replace(azure(), credential=nothing)
    assert known_shortage(cloud, plan(FLEXIBLE), TARGET, FLEXIBLE, tried=False) is None


def test_a_container_is_not_missing_where_the_subscription_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"name": "a", "properties": {"primaryEndpoints": {"blob": "https://a.blob.core.windows.net/"}}}
    seen: dict[str, Reply] = {"/containers/": (404, UNSEEN, {}), "": (200, {"value": [account]}, {})}
    with pytest.raises(TfinfraError, match="could not be found"):
        run_store(answering(monkeypatch, seen), GROUP)


def test_a_group_that_goes_after_the_last_denial_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    asked: list[str] = []

    def answer(method: str, path: str) -> Reply:
        asked.append(method)
        if path.endswith("/resources"):
            return 200, {"value": []}, {}
        there = "DELETE" not in asked  # a timer was quicker
        group = {"id": GROUP, "name": GROUP, "tags": {"tfinfra-run": RUN}, "properties": {}}
        if method == "DELETE":
            return 500, {"error": {"code": "InternalServerError", "message": "ARM broke."}}, {}
        return (200, group, {}) if there else (404, GONE, {})

    Wire(answer).put_under(monkeypatch)
    delete_group(azure(), GROUP, RUN, timeout=0)
    assert "DELETE" in asked


def test_rights_that_cannot_be_read_are_left_to_arm_and_never_taken_for_wide_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = answering(monkeypatch, {"": (403, DENIED, {})})
    assert (_may_assign(cloud), _deletes_all(cloud, "p")) == (True, False)


def test_a_subscription_that_is_not_seen_is_a_fault_of_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError, match="is not there for you"):
        deleter_role(answering(monkeypatch, {"": (404, UNSEEN, {})}))


def test_a_caller_without_a_token_reads_no_role() -> None:
    class Credential:
        def get_token(self, *_: str, **__: Any) -> Any:
            raise ClientAuthenticationError("AADSTS700082: The refresh token has expired.")

    with pytest.raises(CredentialsError, match="cannot be read: AADSTS700082"):
        deleter_role(replace(azure(), credential=Credential))


def credential(token: Any) -> Any:
    class Credential:
        def get_token(self, *_: str, **__: Any) -> Any:
            if isinstance(token, Exception):
                raise token
            return AccessToken(token, 4_000_000_000)

    return Credential()


NO_CALLERS: dict[str, tuple[Any, str, str]] = {
    "nobody who is signed in": (ClientAuthenticationError("AADSTS700082: It has expired."), "AADSTS700082", "az login"),
    "a token that names nobody": ("e30.e30.x", "does not say whose it is", "az login"),
}


@pytest.mark.parametrize(("token", "words", "hint"), NO_CALLERS.values(), ids=NO_CALLERS.keys())
def test_no_run_begins_for(token: Any, words: str, hint: str) -> None:
    with pytest.raises(CredentialsError, match=words) as caught:
        caller_claims(credential(token), "scope")
    assert hint in str(caught.value.hint)


def test_who_is_signed_in_for_another_tool_is_told_that_it_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_CLIENT_ID", "c")
    with pytest.raises(CredentialsError) as caught:
        caller_claims(credential(ClientAuthenticationError("none")), "scope")
    assert "the ARM_* variables of other tools are not read" in str(caught.value.hint)


def test_the_plugin_knows_azures_own_clouds_by_name() -> None:
    settings = dict(provider_settings(PUBLIC, credential("of a chain")))
    assert settings == {"useDefaultAzureCredential": "true", "environment": PUBLIC.name}
