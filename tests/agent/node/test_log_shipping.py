"""From a log file to chunks in the store: whole lines, none lost, redrawn ones in their last state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clocks import FakeClock
from tfinfra.agent.node.log_shipping import CHUNK, Audience, ShippedLog
from tfinfra.store import MemoryStore, log_chunk


def shipped(store: MemoryStore) -> bytes:
    return b"".join(log_chunk(store, key) or b"" for key in sorted(store.objects))


def test_a_million_lines_arrive_in_order_in_bounded_chunks(tmp_path: Path) -> None:
    log, store = tmp_path / "main-0.log", MemoryStore()
    log.write_bytes(b"".join(b"line %d\n" % i for i in range(1_000_000)))
    ShippedLog("main-0", log).ship(store, final=True)
    assert shipped(store) == log.read_bytes()
    assert all(len(chunk) <= CHUNK + 100 for chunk in store.objects.values())


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    log, store = tmp_path / "main-0.log", MemoryStore()
    tail = ShippedLog("main-0", log)
    tail.ship(store)
    log.write_bytes(b"one\ntw")
    tail.ship(store)
    assert shipped(store) == b"one\n"
    log.write_bytes(b"one\ntwo")
    tail.ship(store)
    tail.ship(store, final=True)
    assert shipped(store) == b"one\ntwo\n"


def test_a_line_without_end_does_not_grow_in_memory(tmp_path: Path) -> None:
    log, store = tmp_path / "main-0.log", MemoryStore()
    log.write_bytes(b"x" * (3 * CHUNK))
    tail = ShippedLog("main-0", log)
    tail.ship(store)
    assert len(tail.rest) <= 1 << 16
    assert shipped(store) == log.read_bytes()


def test_what_could_not_be_put_is_put_by_the_next_round(tmp_path: Path) -> None:
    fail = [True]

    def fault(verb: str, key: str) -> None:
        if verb == "put" and fail:
            fail.pop()
            raise OSError("no route")

    log, store = tmp_path / "main-0.log", MemoryStore(fault)
    log.write_bytes(b"one\n")
    tail = ShippedLog("main-0", log)
    with pytest.raises(OSError, match="no route"):
        tail.ship(store)
    tail.ship(store)
    assert shipped(store) == b"one\n"


def test_a_watcher_counts_for_20_seconds_whatever_its_own_clock_says() -> None:
    clock, store = FakeClock(), MemoryStore()
    audience = Audience(store, clock)
    assert not audience.is_watching()
    for beat in (b'{"time": 5}', b'{"time": 7}'):
        store.put("control/watch.json", beat)
        clock.sleep(15)
        assert audience.is_watching()
    clock.sleep(30)
    assert not audience.is_watching()
