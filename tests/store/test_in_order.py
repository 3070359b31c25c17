"""Objects come in order, several at once, and never all of them into memory."""

from __future__ import annotations

import threading

import pytest

from tfinfra.store import MemoryStore, contents
from tfinfra.store.in_order import AT_ONCE


def test_they_come_in_order_several_at_once_and_few_ahead() -> None:
    together, asked = threading.Barrier(AT_ONCE, timeout=10), list[str]()

    def before(verb: str, key: str) -> None:
        if verb == "get":
            asked.append(key)
            if key < f"{AT_ONCE:04}":
                together.wait()  # passes once so many are asked for at once

    store = MemoryStore(before)
    keys = [f"{number:04}" for number in range(1000)]
    for key in keys:
        store.put(key, key.encode())
    coming = contents(store, [*keys[:100], "gone", *keys[100:]])
    assert next(coming) == b"0000"
    assert len(asked) <= 2 * AT_ONCE
    assert list(coming) == [*(key.encode() for key in keys[1:100]), None, *(key.encode() for key in keys[100:])]


def test_what_the_store_raises_comes_at_its_key() -> None:
    def before(verb: str, key: str) -> None:
        if (verb, key) == ("get", "b"):
            raise OSError("no route")

    store = MemoryStore(before)
    store.put("a", b"1")
    coming = contents(store, ["a", "b", "c"])
    assert next(coming) == b"1"
    with pytest.raises(OSError, match="no route"):
        next(coming)
