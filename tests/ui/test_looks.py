"""Reads for pages: what is silent keeps no page waiting, and takes no more than one thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.clocks import FakeClock
from tests.machines.support import wait_for
from tfinfra.errors import ProvisioningError
from tfinfra.ui.looks import AT_ONCE, BY_THE_DOZEN, KEPT, Look, Looks

SOON = 0.05


@pytest.fixture
def hung() -> Iterator[threading.Event]:
    """What silent reads wait for; it is set at the test's end."""
    event = threading.Event()
    yield event
    event.set()


def look(looks: Looks, key: object, read: object, fresh: float = 0.0, wait: float = 2.0) -> Look[str]:
    return asyncio.run(looks.at(key, read, fresh, wait))  # type: ignore[arg-type]


def test_a_silent_read_keeps_nobody_waiting_and_is_not_repeated(hung: threading.Event) -> None:
    looks, calls = Looks(), list[int]()

    def read() -> str:
        calls.append(1)
        if len(calls) > 1:
            hung.wait()
        return "known"

    assert look(looks, "run", read).value == "known"
    looks.stale("run")
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: look(looks, "run", read, wait=SOON), range(20)))
    assert time.monotonic() - began < 2.0
    assert {each.value for each in found} == {"known"}, "what was known is shown"
    assert found[-1].trouble.startswith("no answer for ")
    assert len(calls) == 2, "one thread waits, however many pages ask"


def test_silent_reads_take_so_many_threads_and_no_more(hung: threading.Event) -> None:
    looks = Looks()
    for number in range(AT_ONCE):
        look(looks, number, hung.wait, wait=0.0)
    refused = look(looks, "one more", lambda: "x")
    assert (refused.value, "too much is being read" in refused.trouble) == (None, True)
    hung.set()
    wait_for(lambda: look(looks, "one more", lambda: "x").value == "x", 5)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        pytest.param(ProvisioningError("ARM says no", hint="ask again"), "ARM says no (ask again)", id="ours"),
        pytest.param(ValueError("odd"), "tfinfra itself failed: ValueError: odd", id="a fault"),
    ],
)
def test_what_was_raised_is_told_beside_what_was_known(raised: Exception, told: str) -> None:
    looks, answers = Looks(), ["known"]

    def read() -> str:
        if answers:
            return answers.pop()
        raise raised

    look(looks, "run", read)
    looks.stale("run")
    found = look(looks, "run", read)
    assert (found.value, found.trouble) == ("known", told)


def test_what_is_fresh_is_not_read_again_and_what_is_dear_seldom() -> None:
    clock, calls = FakeClock(), list[str]()
    looks = Looks(clock=clock)

    def read() -> str:
        calls.append("x")
        clock.sleep(1.0)
        return "x"

    for _ in range(3):
        look(looks, "dear", read, wait=10.0)
    assert len(calls) == 1, "it took a while: it is not asked for at once again"
    looks.stale("dear")
    look(looks, "dear", read, wait=10.0)
    assert len(calls) == 2
    clock.sleep(10.0)
    look(looks, "dear", read, wait=10.0)
    assert len(calls) == 3, "it is old by now"


def test_what_nobody_looks_at_is_forgotten() -> None:
    looks = Looks()
    for number in range(KEPT + 10):
        look(looks, number, lambda: "x")
    assert (looks.known(0), looks.known(KEPT + 9)) == (None, "x")


def test_reads_by_the_dozen_take_turns_and_leave_room_for_a_page_of_its_own(hung: threading.Event) -> None:
    looks, begun = Looks(), list[int]()

    def silent(number: int) -> str:
        begun.append(number)
        hung.wait()
        return "x"

    async def table() -> list[Look[str]]:
        each = (looks.at(n, partial(silent, n), 0.0, SOON, dozen=True) for n in range(3 * AT_ONCE))
        return list(await asyncio.gather(*each))

    for _ in range(3):
        asyncio.run(table())
    assert len(begun) == BY_THE_DOZEN
    assert look(looks, "a page", lambda: "x").value == "x"
    assert looks.longest_ago([0, 40, 1])[0] == 40, "whoever had no turn is the next"
    hung.set()
    wait_for(lambda: all(each.value == "x" for each in asyncio.run(table())), 5)
