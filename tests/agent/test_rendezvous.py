"""All nodes agree on one inventory, whoever comes when."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clocks import FakeClock
from tfinfra.agent.node.node_records import write
from tfinfra.agent.node_errors import NodeFault, RunEnded, RunStopped
from tfinfra.agent.rendezvous import Meeting, inventory_of, rendezvous
from tfinfra.errors import Result
from tfinfra.model import Inventory, NodeRegistration, Outcome
from tfinfra.store import MemoryStore, ObjectStore, open_store
from tfinfra.system.clock import SystemClock


def node(number: int) -> NodeRegistration:
    address = f"10.0.{number // 250}.{number % 250 + 4}"
    return NodeRegistration(f"id-{number}", f"node-{number}", address, "10.0.0.0/16", 2222, 8, 0)


@given(st.permutations([node(i) for i in range(30)]))
def test_ranks_follow_the_numbers_of_addresses_whatever_the_order(nodes: list[NodeRegistration]) -> None:
    assert [n.node_id for n in inventory_of(nodes).nodes] == [f"id-{i}" for i in range(30)]


def meet(store: ObjectStore, count: int, timeout: float = 30) -> list[Inventory]:
    found: list[Inventory] = []
    meeting = Meeting(count, timeout)

    def come(number: int) -> None:
        found.append(rendezvous(store, node(number), meeting, SystemClock()))

    threads = [threading.Thread(target=come, args=[i]) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_100_nodes_that_come_at_once_agree(tmp_path: Path) -> None:
    found = meet(open_store(tmp_path.as_uri()), 100)
    assert len(found) == 100
    assert all(inventory == found[0] for inventory in found)
    assert len(found[0].nodes) == 100


def test_too_few_nodes_are_counted_and_a_failed_boot_is_told() -> None:
    store = MemoryStore()
    store.put("boot/id-1.json", b'{"error": "the bundle has another digest"}')
    with pytest.raises(NodeFault) as error:
        rendezvous(store, node(0), Meeting(2, 60), FakeClock())
    assert "only 1 of 2 nodes registered within 60 s (node-0)" in str(error.value)
    assert "the bundle has another digest" in str(error.value)


def test_a_run_that_ended_meanwhile_is_noticed() -> None:
    store = MemoryStore()
    write(store, "outcome.json", Outcome(Result.FAILED, "boom"))
    with pytest.raises(RunEnded):
        rendezvous(store, node(0), Meeting(2, 60), FakeClock())


def test_a_client_that_cancels_meanwhile_is_heard() -> None:
    store = MemoryStore()
    store.put("control/stop.json", b'{"reason": "limit", "message": "too late"}')
    with pytest.raises(RunStopped) as error:
        rendezvous(store, node(0), Meeting(2, 60), FakeClock())
    assert (error.value.reason, error.value.message) == ("limit", "too late")
