"""An agent among records that are none: a script, another node or another version wrote them."""

from __future__ import annotations

import logging

import pytest

from tests.backends.specs import inventory
from tests.clocks import FakeClock
from tests.lifecycle.hostile import CONTENTS
from tfinfra.agent.node import node_records
from tfinfra.agent.node.heartbeat import Peers
from tfinfra.agent.node.log_shipping import Audience
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.rendezvous import Meeting, rendezvous
from tfinfra.agent.verdict import outcomes
from tfinfra.agent.verdict.control import requested_stop
from tfinfra.errors import Result
from tfinfra.model import Heartbeat, Inventory, Outcome, TaskStatus
from tfinfra.store import MemoryStore, keys

EVERY = pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)


@EVERY
def test_nodes_agree_among_records_that_are_none(content: bytes) -> None:
    mine, *others = inventory(2).nodes
    store = MemoryStore()
    for node in others:
        write(store, keys.node_key(node.node_id), node)
    for key in (keys.INVENTORY, keys.OUTCOME, keys.STOP, keys.node_key("evil"), keys.boot_key("evil")):
        store.put(key, content)
    store.put(keys.node_key("thief"), store.objects[keys.node_key(others[0].node_id)])
    agreed = rendezvous(store, mine, Meeting(2, 30.0), FakeClock())
    assert [node.node_id for node in agreed.nodes] == [node.node_id for node in inventory(2).nodes]
    assert read(store, keys.INVENTORY, Inventory) == agreed


@EVERY
def test_an_agent_judges_by_what_it_can_read(content: bytes) -> None:
    store, clock = MemoryStore(), FakeClock()
    for key in (keys.STOP, keys.WATCH, keys.heartbeat_key("n0"), keys.task_key("rank-0")):
        store.put(key, content)
    assert requested_stop(store) is None
    assert read(store, keys.task_key("rank-0"), TaskStatus) is None
    assert not Audience(store, clock).is_watching()
    peers = Peers(store, {0: "n0"}, clock, 10.0)
    assert peers.poll() == []
    write(store, keys.heartbeat_key("n0"), Heartbeat("n0", 1, 5.0, "training", changes=1))
    assert peers.poll() == [0]


@EVERY
def test_what_lies_where_the_outcome_belongs_is_replaced_by_the_outcome(content: bytes) -> None:
    store, mine = MemoryStore(), Outcome(Result.FAILED, "rank-1 ended with exit status 7")
    store.put(keys.OUTCOME, content)
    assert outcomes.published(store) is None
    assert outcomes.publish(store, mine)
    assert not outcomes.publish(store, Outcome(Result.SUCCEEDED, "late"))
    assert outcomes.published(store) == mine


def test_the_agents_log_names_what_is_unreadable_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    monkeypatch.setattr(node_records, "_logged", set())
    store.put("tasks/rank-77.json", b"[]")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            read(store, "tasks/rank-77.json", TaskStatus)
    assert caplog.messages == ["tasks/rank-77.json is unreadable: it is a list, not an object"]


def test_a_piece_of_a_log_that_is_none_is_told_in_its_place() -> None:
    store = MemoryStore()
    store.put(keys.log_key("rank-0", 0), b"x" * (9 << 20))
    store.put(keys.log_key("rank-0", 1), b"last words\n")
    told = outcomes.log_end(store, "rank-0")
    assert told == ["[logs/rank-0/00000000.log is unreadable: it is larger than 8388608 bytes]", "last words"]
