"""What ARM has at a path, whatever it answers: patiently, and without taking a proxy's word for ARM's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.azure.answering import Reply, Wire, azure
from tfinfra.arm.requests import ArmAnswer
from tfinfra.azure.reading import read
from tfinfra.errors import CredentialsError

PATH = "/subscriptions/s/resourceGroups/g"
DENIED = {"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization."}}
BUSY: Reply = (429, {"error": {"code": "TooManyRequests", "message": "Later."}}, {"Retry-After": "7"})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def answering(monkeypatch: pytest.MonkeyPatch, *replies: Reply) -> Wire:
    """One reply after the other, the last one for ever."""
    left = list(replies)
    wire = Wire(lambda *_: left.pop(0) if len(left) > 1 else left[0])
    wire.put_under(monkeypatch)
    return wire


def test_throttling_is_waited_for_as_long_as_arm_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = answering(monkeypatch, BUSY, BUSY, (200, {"id": PATH}, {}))
    assert read(azure(), PATH, "2024-03-01", {}) == ArmAnswer(200, {"id": PATH})
    assert wire.slept == [7.0, 7.0]


def test_who_is_not_patient_takes_the_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = answering(monkeypatch, BUSY, (200, {"id": PATH}, {}))
    assert read(azure(), PATH, "2024-03-01", {}, patient=False).status == 429
    assert wire.slept == []


ANSWERS: dict[str, tuple[Reply, bool, bool, str]] = {
    "a document": ((200, {"id": PATH}, {}), True, False, "HTTP status 200"),
    "nothing there": (
        (404, {"error": {"code": "ResourceNotFound", "message": "It is not there."}}, {}),
        False,
        True,
        "ResourceNotFound: It is not there.",
    ),
    "a proxy": ((404, b"<html>no</html>", {}), False, False, "<html>no</html>"),
    "a right that is missing": (
        (403, DENIED, {}),
        False,
        False,
        "AuthorizationFailed: The client does not have authorization.",
    ),
    "an error with the status of success": (
        (200, DENIED, {}),
        False,
        False,
        "NoAnswer: The client does not",
    ),
    "no document": ((200, b"hello", {}), False, False, "NoAnswer: the answer (HTTP status 200) is none of ARM"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_each_answer_is_what_it_is(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reply, is_document, is_gone, words = ANSWERS[what]
    answering(monkeypatch, reply)
    found = read(azure(), PATH, "2024-03-01", {})
    assert (found.is_document, found.is_gone) == (is_document, is_gone)
    assert found.words.startswith(words) or is_document


def test_a_token_that_arm_does_not_take_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: dict[str, Any] = {"error": {"code": "ExpiredAuthenticationToken", "message": "The token has expired."}}
    answering(monkeypatch, (401, refused, {}))
    with pytest.raises(CredentialsError, match="The token has expired"):
        read(azure(), PATH, "2024-03-01", {})
