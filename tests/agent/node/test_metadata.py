"""The agent's patience with the instance-metadata endpoint."""

from __future__ import annotations

import io
import json
import time
import types
from email.message import Message
from http.client import BadStatusLine, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from tfinfra.agent.node import instance_metadata
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.node_identity import identity
from tfinfra.agent.node.scheduled_events import notice_of
from tfinfra.agent.node_errors import NodeFault

TOKEN = {"access_token": "t", "expires_on": "1800000000"}
ABSENT = b'{"error":"invalid_request","error_description":"Identity not found"}'  # Azure/aad-pod-identity#778


def refusal(status: int, after: str = "") -> HTTPError:
    headers = Message()
    if after:
        headers["Retry-After"] = after
    return HTTPError("http://169.254.169.254", status, "refused", headers, io.BytesIO(ABSENT))


class Endpoint:
    """Gives `answers` one after the other, the last of them for ever; its time passes by sleeping alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.answers, self.slept, self.asked = list(answers), [], 0
        self.metadata = Metadata("http://169.254.169.254", "client")
        clock = types.SimpleNamespace(monotonic=lambda: sum(self.slept), sleep=self.slept.append, time=time.time)
        monkeypatch.setattr(instance_metadata, "time", clock)
        monkeypatch.setattr(self.metadata, "_opener", self)

    slept: list[float]

    def open(self, request: Any, timeout: float) -> io.BytesIO:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(json.dumps(answer).encode())


PASSES: dict[str, tuple[Any, ...]] = {
    "an identity that was just attached": (refusal(400), refusal(400)),
    "throttling": (refusal(429, "3"),),
    "an endpoint that is being updated": (refusal(410),) * 14,
    "an answer without a token": ({"error": "x"}, {"access_token": "", "expires_on": "1"}),
    "a token that tells no time": ({"access_token": "t", "expires_on": "2026-11-30T04:00:00Z"}, {"access_token": "t"}),
    "answers that are no object": (["a"], 7, None, "a text"),
    "answers that are none of HTTP's": (BadStatusLine("x"), IncompleteRead(b"{", 40)),
    "an endpoint that is not ready": (refusal(404), refusal(503), URLError("no route")),
}


@pytest.mark.parametrize("case", PASSES)
def test_it_waits_for_what_passes(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    endpoint = Endpoint(monkeypatch, *PASSES[case], TOKEN)
    assert endpoint.metadata.token("https://storage.azure.com/") == ("t", 1_800_000_000.0)
    assert endpoint.asked == len(PASSES[case]) + 1


def test_it_waits_as_long_as_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint(monkeypatch, refusal(429, "7"), TOKEN)
    endpoint.metadata.token("x")
    assert endpoint.slept == [7.0]


STAYS: dict[str, tuple[str, Exception, float, float]] = {
    "an identity that is never found": ("token", refusal(400), 100, 120),
    "a document that is refused": ("instance", refusal(400), 0, 0),
    "a machine that has no endpoint": ("token", URLError("refused"), 10, 20),
    "what is forbidden": ("token", refusal(403), 0, 0),
}


@pytest.mark.parametrize("case", STAYS)
def test_it_gives_up_on_what_stays(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    what, fault, least, most = STAYS[case]
    endpoint = Endpoint(monkeypatch, fault)
    with pytest.raises(NodeFault, match="did not answer for"):
        _ = endpoint.metadata.token("x") if what == "token" else endpoint.metadata.instance()
    assert least <= sum(endpoint.slept) <= most


EVENTS: dict[str, Any] = {
    "none yet": {},
    "null": {"Events": None},
    "a text": {"Events": "none"},
    "something that is no event": {"Events": [None, 7, {"EventType": "Preempt", "Resources": None}]},
}


@pytest.mark.parametrize("case", EVENTS)
def test_whatever_stands_among_the_events_the_look_at_them_goes_on(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    events = Endpoint(monkeypatch, EVENTS[case]).metadata.scheduled_events()
    assert notice_of(events, "n_0") == ""


INSTANCES: dict[str, Any] = {
    "no interface": {"network": {"interface": []}, "compute": {"vmId": "v"}},
    "an interface of null": {"network": {"interface": [None]}, "compute": {"vmId": "v"}},
    "a network that is a text": {"network": "none", "compute": {"vmId": "v"}},
    "no compute": {"network": {"interface": [{"ipv4": {"ipAddress": [{"privateIpAddress": "10.0.0.4"}]}}]}},
}


@pytest.mark.parametrize("case", INSTANCES)
def test_an_instance_of_another_form_is_a_fault_with_a_name(case: str) -> None:
    with pytest.raises(NodeFault, match="the instance metadata"):
        identity(INSTANCES[case])
