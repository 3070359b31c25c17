"""The deletion that a node asks for where nobody watches: by its identity, through ARM, and only when it may."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.specs import plan_of, spec
from tests.clocks import FakeClock
from tfinfra.agent.end import cleanup
from tfinfra.agent.end.await_deletion import linger
from tfinfra.agent.end.cleanup import delete_compute_group, spread
from tfinfra.agent.end.deadline_watch import DeadlineWatch
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_identity import Identity
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.node_records import write
from tfinfra.errors import Result
from tfinfra.model import NodeSettings, Outcome, Timeouts
from tfinfra.store import MemoryStore
from tfinfra.system.clock import unix_time


class Over(Exception):
    """The test has seen enough."""


@dataclass
class Cloud:
    """An ARM and a metadata endpoint in one server, which remembers what it was asked."""

    url: str = ""
    deletions: list[tuple[str, str | None]] = field(default_factory=list)
    status: int = 202
    group: dict[str, Any] = field(default_factory=dict)


@contextmanager
def cloud() -> Iterator[Cloud]:
    made = Cloud()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = {"access_token": "token", "expires_on": "9999999999"}
            asked = "resourceGroups" in self.path
            status = made.status if asked and made.status >= 400 else 200
            self._answer(status, json.dumps(made.group if asked else token).encode())

        def do_DELETE(self) -> None:
            made.deletions.append((self.path, self.headers["Authorization"]))
            self._answer(made.status, json.dumps(made.group).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def settings(url: str) -> NodeSettings:
    timeouts = Timeouts(1, 1, 1, collect=300)
    group = "/subscriptions/s/resourceGroups/tfinfra-r-compute"
    return NodeSettings("r", "file:///s", None, "b", "", "client", url, None, group, "2030-01-01T00:00:00Z", timeouts)


def test_the_compute_group_is_deleted_with_the_nodes_token() -> None:
    with cloud() as arm:
        assert delete_compute_group(settings(arm.url), Metadata(arm.url, "client"))
        group = "/subscriptions/s/resourceGroups/tfinfra-r-compute?api-version=2021-04-01"
        assert arm.deletions == [(group, "Bearer token")]


REFUSALS = {
    "no such group": (404, {"error": {"code": "ResourceGroupNotFound"}}, True),
    "a subscription that is not seen": (404, {"error": {"code": "SubscriptionNotFound"}}, False),
    "no word": (404, {}, False),
    "a word of what stands in between": (404, {"error": "nothing here"}, False),
    "a right that is missing": (403, {"error": {"code": "AuthorizationFailed"}}, False),
    "a fault": (500, {}, False),
}


@pytest.mark.parametrize(("status", "body", "taken"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_gone_counts_as_taken_and_a_refusal_does_not(status: int, body: dict[str, Any], taken: bool) -> None:
    with cloud() as arm:
        arm.status, arm.group = status, body
        assert delete_compute_group(settings(arm.url), Metadata(arm.url, "client")) is taken


class CountedClock(FakeClock):
    """Ends the test after a simulated time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._until = self.now + seconds

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now > self._until:
            raise Over


@contextmanager
def a_host(
    clock: FakeClock, node: str = "id", hold: int = 0, nodes: int = 1
) -> Iterator[tuple[AgentContext, MemoryStore, Cloud]]:
    """A node at the end of its training, the run's store, and the cloud that it may ask."""
    store = MemoryStore()
    with cloud() as arm:
        context = AgentContext(
            settings(arm.url),
            replace(plan_of(spec("single")), hold_on_failure=hold, node_count=nodes),
            NodePaths(Path("/nowhere")),
            {},
            clock,
            Metadata(arm.url, "client"),
            Identity(node, "10.0.0.4", None),
            store,
            Heartbeats(store, node, clock),
            LogShipper(store, clock, free=True),
            0.1,
        )
        yield context, store, arm


def lingered(
    seconds: float,
    *,
    hold: int = 0,
    result: str | None = "succeeded",
    keep: bool = False,
    collected: bool = True,
    watched: bool = False,
    further: str | None = None,
) -> int:
    """How many deletions a node asks for within `seconds`. A `further` run on it ends so after 500 s."""
    beat = {"n": 0}
    others = [Result(further)] if further else []

    def pause(seconds: float) -> Result | None:
        context.clock.sleep(seconds)
        return others.pop() if others and context.clock.monotonic() - began > 500 else None

    class Watched(CountedClock):
        def sleep(self, seconds: float) -> None:
            beat["n"] += 1
            if watched:
                store.put("control/watch.json", json.dumps({"time": beat["n"]}).encode())
            super().sleep(seconds)

    with a_host(Watched(seconds), hold=hold) as (context, store, arm):
        if result is not None:
            write(store, "outcome.json", Outcome(Result(result), "m"))
        if collected:
            store.put("collected.json", b'{"files": 0}')
        if keep:
            store.put("control/keep.json", b"{}")
        began = context.clock.monotonic()
        with pytest.raises(Over):
            linger(context, pause)
        return len(arm.deletions)


def test_an_unwatched_run_is_deleted_after_20_seconds() -> None:
    assert lingered(15) == 0
    assert lingered(40) == 1


def test_the_hold_begins_anew_with_each_further_run_that_fails() -> None:
    assert lingered(900, hold=600, result="failed", further="failed") == 0
    assert lingered(1130, hold=600, result="failed", further="failed") == 1
    assert lingered(540, hold=600, result="failed", further="succeeded") == 1


def test_a_failed_run_is_held_as_the_manifest_says() -> None:
    assert lingered(100, hold=600, result="failed") == 0
    assert lingered(100, hold=600, result="succeeded") > 0
    assert lingered(630, hold=600, result="failed") == 1


def test_a_kept_run_stays() -> None:
    assert lingered(1000, keep=True) == 0


def test_a_run_that_goes_on_and_one_that_is_watched_stay() -> None:
    assert lingered(1000, result=None, collected=False) == 0
    assert lingered(1000, watched=True) == 0


def test_outputs_that_another_node_still_brings_are_waited_for_as_long_as_that_may_take() -> None:
    assert lingered(290, collected=False) == 0  # timeouts.collect is 300 here
    assert lingered(350, collected=False) == 1


def test_a_store_that_does_not_answer_ends_nobody_who_deletes() -> None:
    clock = CountedClock(60)
    with a_host(clock) as (context, store, arm):
        write(store, "outcome.json", Outcome(Result.SUCCEEDED, "m"))
        store.put("collected.json", b'{"files": 0}')

        def fault(verb: str, key: str) -> None:
            if clock.now < 1015:
                raise OSError("away")

        store._before = fault
        with pytest.raises(Over):
            linger(context, context.clock.sleep)
        assert len(arm.deletions) == 1


def test_at_the_deadline_every_node_deletes_whoever_watches_or_keeps() -> None:
    clock = FakeClock(unix_time("2030-01-01T00:00:00Z") - 10)
    with a_host(clock) as (context, store, arm):
        store.put("control/keep.json", b"{}")
        deadline = DeadlineWatch(context)
        assert (deadline.step(), arm.deletions) == (1.0, [])
        clock.now += 10.5
        assert deadline.step() == 30.0
        assert len(arm.deletions) == 1


@pytest.mark.parametrize(
    "tags", [None, {}, {"tfinfra-expires-at": "soon"}, {"tfinfra-expires-at": "2099-01-01T00:00:00Z"}]
)
def test_no_tag_puts_the_deadline_off(tags: dict[str, str] | None) -> None:
    """Whoever may write tags need not be allowed anything else."""
    with a_host(FakeClock(unix_time("2030-01-01T00:00:01Z"))) as (context, _, arm):
        arm.group = {"tags": tags}
        assert DeadlineWatch(context).step() == 30.0
        assert len(arm.deletions) == 1


GIVEN: dict[str, tuple[object, str | None]] = {
    "a later time counts": ("2030-01-01T00:30:00Z", "2030-01-01T00:30:00Z"),
    "but no later one than the node holds": ("2099-01-01T00:00:00Z", "2030-01-01T01:00:00Z"),
    "the time that it has is no more": ("2030-01-01T00:00:00Z", None),
    "an earlier one is none": ("2029-01-01T00:00:00Z", None),
    "nor is what is no time": ("soon", None),
    "nor a tag that has gone": (None, None),
}


@pytest.mark.parametrize(("tag", "until"), GIVEN.values(), ids=GIVEN)
def test_a_node_that_holds_a_later_time_reads_its_groups_tag(tag: object, until: str | None) -> None:
    clock = FakeClock(unix_time("2030-01-01T00:00:01Z"))
    with a_host(clock) as (context, _, arm):
        later = replace(context, settings=replace(context.settings, latest="2030-01-01T01:00:00Z"))
        arm.group = {"tags": {"tfinfra-expires-at": tag} if tag else {}}
        watch = DeadlineWatch(later)
        assert watch.step() == (1.0 if until else 30.0)
        assert len(arm.deletions) == (0 if until else 1)
        if until is not None:
            clock.now = unix_time(until) - 1
            assert (watch.step(), arm.deletions) == (1.0, [])
            clock.now += 2
            assert watch.step() == 30.0
            assert len(arm.deletions) == 1


def test_an_arm_that_does_not_answer_is_asked_for_a_while_whether_there_is_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = urllib.request.urlopen

    def urlopen(request: Any, **more: Any) -> Any:
        if request.get_method() == "GET" and "metadata" not in request.full_url:
            raise http.client.BadStatusLine("?")
        return real(request, **more)

    clock = FakeClock(unix_time("2030-01-01T00:00:01Z"))
    with a_host(clock) as (context, _, arm):
        monkeypatch.setattr(cleanup, "urlopen", urlopen)
        watch = DeadlineWatch(replace(context, settings=replace(context.settings, latest="2030-01-01T01:00:00Z")))
        assert (watch.step(), arm.deletions) == (30.0, [])
        clock.now += 400
        assert watch.step() == 30.0
        assert len(arm.deletions) == 1


def test_a_node_of_a_shared_identity_deletes_nothing() -> None:
    with cloud() as arm:
        assert not delete_compute_group(replace(settings(arm.url), may_delete=False), Metadata(arm.url, "client"))
        assert arm.deletions == []


def test_the_deadline_is_kept_while_the_agent_hangs_elsewhere() -> None:
    with a_host(FakeClock(unix_time("2030-01-01T00:01:00Z"))) as (context, _, arm):
        deadline = DeadlineWatch(context)
        deadline.start()
        until = time.monotonic() + 10
        while not arm.deletions and time.monotonic() < until:
            time.sleep(0.05)
        deadline.stop()
        assert len(arm.deletions) == 1


BROKEN: dict[str, Exception] = {
    "an answer that breaks off": http.client.IncompleteRead(b"half"),
    "an answer that is none": http.client.BadStatusLine("?"),
    "a token that is not there": KeyError("access_token"),
    "a document of another kind": TypeError("list indices must be integers"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_an_answer_that_is_broken_ends_no_thread_that_deletes(
    broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def urlopen(*args: object, **named: object) -> object:
        raise broken

    with a_host(FakeClock(unix_time("2030-01-01T00:01:00Z"))) as (context, _, _arm):
        monkeypatch.setattr(cleanup, "urlopen", urlopen)
        assert not delete_compute_group(context.settings, context.metadata)
        assert DeadlineWatch(context).step() == 30.0


def test_a_group_that_cannot_be_read_is_deleted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    real = urllib.request.urlopen

    def urlopen(request: Any, **named: Any) -> Any:
        if request.get_method() == "GET":
            raise http.client.IncompleteRead(b"half")
        return real(request, **named)

    with cloud() as arm:
        monkeypatch.setattr(cleanup, "urlopen", urlopen)
        assert delete_compute_group(settings(arm.url), Metadata(arm.url, "client"))
        assert len(arm.deletions) == 1


def _after(broken: Callable[[AgentContext], None], context: AgentContext) -> Callable[..., bool]:
    def delete(settings: NodeSettings, metadata: Metadata) -> bool:
        broken(context)
        return delete_compute_group(settings, metadata)

    return delete


def test_the_deadline_outlives_whatever_a_look_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfinfra.agent.end.deadline_watch._LOOK", 0.01)
    monkeypatch.setattr("tfinfra.agent.end.deadline_watch._RETRY", 0.01)
    failures = [RuntimeError("unheard of"), MemoryError()]

    def broken(context: AgentContext) -> None:
        if failures:
            raise failures.pop()

    with a_host(FakeClock(unix_time("2030-01-01T00:01:00Z"))) as (context, _, arm):
        monkeypatch.setattr("tfinfra.agent.end.deadline_watch.delete_compute_group", _after(broken, context))
        deadline = DeadlineWatch(context)
        deadline.start()
        until = time.monotonic() + 10
        while not arm.deletions and time.monotonic() < until:
            time.sleep(0.02)
        deadline.stop()
        assert arm.deletions


def test_a_group_that_is_being_deleted_is_not_asked_for_again() -> None:
    with cloud() as arm:
        arm.group = {"properties": {"provisioningState": "Deleting"}}
        assert delete_compute_group(settings(arm.url), Metadata(arm.url, "client"))
        assert arm.deletions == []


@given(st.lists(st.uuids().map(str), min_size=2, max_size=50, unique=True))
def test_nodes_ask_one_after_another_within_a_time_that_grows_with_their_number(nodes: list[str]) -> None:
    waits = [spread(node, len(nodes)) for node in nodes]
    assert waits == [spread(node, len(nodes)) for node in nodes]
    assert all(0 <= wait <= 0.2 * len(nodes) for wait in waits)
    assert len(set(waits)) > 1
    assert spread(nodes[0], 100_000) <= 120
