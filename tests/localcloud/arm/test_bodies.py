"""What anybody on this machine may send to the daemon: who sends it is asked first, and nothing large is taken in."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.calls import KEEP, Arm
from tests.localcloud.test_metadata import machine
from tfinfra.localcloud.common.bodies import MOST
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon import listeners
from tfinfra.localcloud.metadata.identity_endpoint import IdentityEndpoint, person
from tfinfra.localcloud.metadata.metadata_app import MetadataApp

GROUP = f"{KEEP}?api-version=2021-04-01"


@pytest.fixture
def served(arm: Arm) -> Iterator[http.client.HTTPConnection]:
    """The daemon's app behind its own kind of server, without TLS."""
    listening = listeners.loopback_socket(0)
    port = listening.getsockname()[1]
    arm.app.hosts = {f"127.0.0.1:{port}"}
    server = listeners.server(arm.app, None)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    yield connection
    connection.close()
    server.should_exit = True
    thread.join(10)


BODIES = {
    "a large one": (b"x" * (MOST + 1), 413),
    "brackets": (b"[" * 200_000, 400),
    "brackets that end": (b"[" * 900 + b"]" * 900, 400),
    "objects": (b'{"tags":' * 50_000, 400),
    "no JSON": (b"{", 400),
    "no UTF-8": (b'"\xff"', 400),
    "half a character": (b'{"location": "\\ud800"}', 400),
    "a number of 5000 digits": (b"1" * 5000, 400),
    "a list": (b"[1]", 400),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("known", [True, False], ids=["of the owner", "of anybody"])
def test_a_body(  # noqa: PLR0917
    served: http.client.HTTPConnection,
    arm: Arm,
    body: bytes,
    status: int,
    known: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    headers = {"Authorization": f"Bearer {arm.token()}"} if known else {}
    with caplog.at_level(logging.INFO):
        served.request("PUT", GROUP, body, headers)
        answer = served.getresponse()
        document = json.loads(answer.read())
    assert (answer.status, "error" in document) == (status if known else 401, True)
    assert not any(record.exc_info for record in caplog.records)


def test_nothing_of_a_stranger_is_taken_in(served: http.client.HTTPConnection) -> None:
    """400 MB, in chunks of unknown number: the answer comes before all of them are sent."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    served.request("PUT", GROUP, (b"x" * (1 << 20) for _ in range(400)), encode_chunked=True)
    assert served.getresponse().status == 401
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_what_the_owner_sends_in_chunks_is_bounded_too(served: http.client.HTTPConnection, arm: Arm) -> None:
    headers = {"Authorization": f"Bearer {arm.token()}"}
    served.request("PUT", GROUP, (b"x" * (1 << 20) for _ in range(8)), headers, encode_chunked=True)
    assert served.getresponse().status == 413


@pytest.mark.parametrize("token", ["\xe9", "a.b.\xe9", "\xe9.b.c", "a.b.c", "", "a" * 10_000])
def test_a_token_of_any_letters_is_refused(arm: Arm, token: str) -> None:
    assert arm.get(KEEP, authorization=f"Bearer {token}").status == 401


def test_a_machine_that_answers_its_events_at_length_is_refused(arm: Arm) -> None:
    arm.make_all()
    node = machine(arm)
    arm.app = MetadataApp(arm.context, b"k" * 32)  # type: ignore[assignment]
    path, query = f"{node.base}/metadata/scheduledevents", "api-version=2020-07-01"
    assert arm.call("POST", path, "x" * 100_000, query=query, metadata="true").status == 413
    assert arm.call("POST", path, {"StartRequests": [{}]}, query=query, metadata="true").status == 400


def test_the_identity_endpoint_takes_any_letters_for_a_wrong_secret(tmp_path: Path) -> None:
    endpoint = IdentityEndpoint(Layout(tmp_path), person())
    assert endpoint.answer("/msi/token", {}, {"x-identity-header": "\xe9"})[0] == 401
    assert endpoint.answer("/\xe9/metadata/identity/oauth2/token", {}, {"metadata": "true"})[0] == 401
