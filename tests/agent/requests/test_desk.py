"""A node does what its run's client has signed for it, once, before it expires, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_own_faults import context_of
from tests.clocks import FakeClock
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.requests.desk import RequestDesk
from tfinfra.lifecycle.run.request_channel import new_request, signed
from tfinfra.model import Beat, from_json, parse
from tfinfra.model.requests import LIVES, LONGEST, Answer, ExecBody, Request, SignedRequest
from tfinfra.signing import SigningKey
from tfinfra.store import MemoryStore, encode, keys, open_store, readable

KEY = SigningKey.new()
RUN = "digits-abc123"


@dataclass
class Node:
    """A node of rank 1, its run's store, the container that it is asked in, and what it has done."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    container: MemoryStore = field(default_factory=MemoryStore)
    done: list[str] = field(default_factory=list)

    def desk(self) -> RequestDesk:
        """As each start of its agent makes one."""
        context = context_of(self.folder, self.store)
        settings = replace(context.settings, run=RUN, requests="file:///requests", requests_key=KEY.public)
        take: dict[str, Callable[[Request], None]] = {"exec": lambda request: self.done.append(request.body)}
        return RequestDesk(replace(context, settings=settings, clock=self.clock), 1, take, lambda: None)

    def request(self, **changes: Any) -> Request:
        asked = new_request(RUN, "exec", ExecBody(("id",)), (0, 1), self.clock.time())
        return replace(asked, **changes)

    def put(self, request: Request, key: SigningKey = KEY) -> SignedRequest:
        made = signed(key, request)
        self.container.put(keys.request_key(request.number), encode(made))
        return made


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_what_the_client_has_signed_is_done_once(node: Node) -> None:
    node.put(node.request())
    desk = node.desk()
    desk.look(node.container)
    desk.look(node.container)
    assert node.done == ['{"argv": ["id"]}']


def test_an_agent_that_starts_again_remembers_what_was_taken(node: Node) -> None:
    made = node.put(node.request())
    node.desk().look(node.container)
    node.container.put("another-name.json", encode(made))
    node.desk().look(node.container)
    assert len(node.done) == 1


def _altered(node: Node) -> None:
    made = node.put(node.request())
    (key,) = node.container.list("")
    node.container.put(key, encode(replace(made, text=made.text.replace("id", "sh"))))


REFUSED: dict[str, Callable[[Node], object]] = {
    "of another key": lambda node: node.put(node.request(), SigningKey.new()),
    "of another run": lambda node: node.put(node.request(run="digits-zzz999")),
    "of other nodes": lambda node: node.put(node.request(nodes=(0, 2))),
    "whose text was altered": _altered,
    "that is no record": lambda node: node.container.put("a.json", b"rubbish"),
    "whose text is none": lambda node: node.container.put("a.json", encode(SignedRequest("{}", KEY.sign("{}")))),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_nothing_is_done_for_a_request(node: Node, ask: Callable[[Node], object]) -> None:
    ask(node)
    desk = node.desk()
    desk.look(node.container)
    desk.look(node.container)
    assert node.done == []
    assert node.store.list("answers") == [], "who is not the client gets no answer"


@pytest.mark.parametrize(
    "ahead", [pytest.param(-1.0, id="it has expired"), pytest.param(LONGEST + 1, id="it would be good for too long")]
)
def test_a_client_whose_clock_is_another_is_told(node: Node, ahead: float) -> None:
    request = node.request(expires=node.clock.time() + ahead)
    node.put(request)
    node.desk().look(node.container)
    assert node.done == []
    answer = readable(node.store, keys.answer_key(request.number, 1), Answer)
    assert answer is not None
    assert (answer.state, "do the clocks agree?" in answer.message) == ("refused", True)


def test_a_request_that_was_taken_keeps_its_answer_once_it_has_expired(node: Node) -> None:
    request = node.request()
    node.put(request)
    first = node.desk()
    first.look(node.container)
    first.answer(request, Answer("started"))
    node.clock.sleep(LIVES + 1)
    node.desk().look(node.container)
    answer = readable(node.store, keys.answer_key(request.number, 1), Answer)
    assert answer == Answer("started")


def test_the_node_goes_on_after_rubbish_and_after_what_it_cannot_do(node: Node) -> None:
    node.container.put("0.json", b"rubbish")
    unknown = node.request(kind="try")
    node.put(unknown)
    node.put(node.request())
    node.desk().look(node.container)
    assert len(node.done) == 1
    answer = readable(node.store, keys.answer_key(unknown.number, 1), Answer)
    assert answer is not None
    assert answer.state == "refused"


def test_what_has_expired_is_forgotten(node: Node) -> None:
    first = node.request()
    node.put(first)
    node.desk().look(node.container)
    node.clock.sleep(LIVES + 1)
    node.put(node.request())
    node.desk().look(node.container)
    assert len(node.done) == 2
    assert len([*(node.folder / "var/lib/tfinfra/requests/taken").iterdir()]) == 1


def test_the_text_that_is_signed_is_the_request(node: Node) -> None:
    request = node.request()
    made = signed(KEY, request)
    assert from_json(Request, parse(made.text.encode())) == request


def test_a_node_whose_store_costs_looks_often_only_while_somebody_watches(node: Node) -> None:
    context = replace(context_of(node.folder, node.store), clock=node.clock, pause=1.0)
    context = replace(context, logs=LogShipper(node.store, node.clock, free=False))
    desk = RequestDesk(context, 1, {}, lambda: None)

    def looks(seconds: int) -> int:
        found = 0
        for _ in range(seconds * 10):
            found += desk.is_due()
            node.clock.sleep(0.1)
        return found

    assert looks(60) == 4
    node.store.put(keys.WATCH, encode(Beat(1.0)))
    assert looks(3) >= 1, "who asks something is heard within seconds"
    assert looks(10) == pytest.approx(10, abs=1)
    assert looks(60) < 20, "who asked has gone"


def test_what_goes_wrong_with_one_request_keeps_no_other_from_being_taken(tmp_path: Path) -> None:
    node, taken = Node(tmp_path), threading.Event()

    def tick() -> None:
        raise ValueError("a command's log is odd")

    context = context_of(tmp_path, node.store)
    settings = replace(context.settings, run=RUN, requests=(tmp_path / "requests").as_uri(), requests_key=KEY.public)
    context = replace(context, settings=settings, clock=node.clock)
    desk = RequestDesk(context, 1, {"exec": lambda _: taken.set()}, tick)
    request = new_request(RUN, "exec", ExecBody(("id",)), (1,), node.clock.time())
    (tmp_path / "requests").mkdir()
    open_store((tmp_path / "requests").as_uri()).put(keys.request_key(request.number), encode(signed(KEY, request)))
    desk.start()
    try:
        assert taken.wait(5)
    finally:
        desk.stop()
