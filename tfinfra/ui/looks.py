"""Reads for pages: of each thing at most one at a time, each on a thread of its own, and so many threads at most; of
those that a page begins by the dozen fewer, so that they keep no other page from its own. A page waits a moment for it;
then it shows what was known before, and since when that has not changed. Nothing is read while nobody looks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from tfinfra.errors import TfinfraError, first_line
from tfinfra.store.waiting import store_trouble
from tfinfra.system.clock import Clock, SystemClock, right_now
from tfinfra.system.process.refusals import refusal
from tfinfra.system.threads import spawn
from tfinfra.text.masking import redact

T = TypeVar("T")
K = TypeVar("K")
AT_ONCE, BY_THE_DOZEN = 16, 4
KEPT = 256
FIRST, AGAIN = 2.0, 0.5
"""Seconds that a page waits for what was never read, and for news of what was."""
_DEARER = 5.0
"""What takes long to read is read again after so many times that: no page keeps a store, or this machine, busy."""
_TICK = 0.02


@dataclass(frozen=True)
class Look(Generic[T]):
    """What a read gave last: None before the first, `at` is when it was begun (Unix seconds). `trouble` says why there
    is nothing newer."""

    value: T | None
    at: float | None
    trouble: str


@dataclass
class _Kept:
    value: Any = None
    at: float | None = None
    begun: float = float("-inf")
    took: float = 0.0
    error: str = ""
    reading: bool = False
    stale: bool = False

    def is_due(self, now: float, fresh: float) -> bool:
        return not self.reading and (self.stale or now - self.begun >= max(fresh, _DEARER * self.took))


class Looks:
    """The reads of one server, by their keys; of the last ones, `most` in all, the values are kept."""

    def __init__(self, most: int = KEPT, clock: Clock | None = None) -> None:
        self._most = most
        self._clock = clock or SystemClock()
        self._kept: dict[object, _Kept] = {}
        self._free = threading.Semaphore(AT_ONCE)
        self._few = threading.Semaphore(BY_THE_DOZEN)

    async def at(
        self, key: object, read: Callable[[], T], fresh: float, wait: float | None = None, *, dozen: bool = False
    ) -> Look[T]:
        """What `read` gives, not older than `fresh` seconds where it can be had in `wait` seconds; `dozen`: it is one
        of many that a page asks for, and waits for a turn."""
        kept = self._kept.pop(key, None) or _Kept()
        self._kept[key] = kept  # the last of them now
        self._forget()
        until = self._clock.monotonic() + (wait if wait is not None else FIRST if kept.at is None else AGAIN)
        busy = False
        while kept.is_due(self._clock.monotonic(), fresh):
            busy = not self._begin(kept, read, dozen=dozen)
            if not (busy and dozen and self._clock.monotonic() < until):
                break
            await asyncio.sleep(_TICK)
        while kept.reading and self._clock.monotonic() < until:
            await asyncio.sleep(_TICK)
        return Look(cast("T | None", kept.value), kept.at, self._trouble(kept, busy))

    def known(self, key: object) -> Any:
        """What was read last, None where nothing was. Nothing is read for it."""
        return kept.value if (kept := self._kept.get(key)) else None

    def stale(self, key: object) -> None:
        """What was read is known to be out of date."""
        if kept := self._kept.get(key):
            kept.stale = True

    def longest_ago(self, keys: Iterable[K]) -> list[K]:
        """The same keys, that whose read was begun longest ago, or never, first."""
        kept = {key: self._kept.get(key) for key in keys}
        return sorted(kept, key=lambda key: found.begun if (found := kept[key]) else float("-inf"))

    def _begin(self, kept: _Kept, read: Callable[[], T], *, dozen: bool) -> bool:
        slots = [self._few, self._free] if dozen else [self._free]
        had = [slot for slot in slots if slot.acquire(blocking=False)]
        if len(had) < len(slots):
            _release(had)
            return False
        kept.begun, kept.stale, begun = self._clock.monotonic(), False, right_now()

        def work() -> None:
            try:
                kept.value, kept.at, kept.error = read(), begun, ""
            except Exception as error:  # noqa: BLE001 - whatever it was, it is shown in the page
                kept.error = in_words(error)
            finally:
                kept.took = self._clock.monotonic() - kept.begun
                kept.reading = False
                _release(slots)

        kept.reading = True
        spawn(work, "look")
        return True

    def _trouble(self, kept: _Kept, busy: bool) -> str:
        if busy:
            return "too much is being read at once: the next look may have more"
        if kept.reading:
            return f"no answer for {max(1, round(self._clock.monotonic() - kept.begun))} s"
        return kept.error

    def _forget(self) -> None:
        if len(self._kept) > self._most:
            done = (key for key, kept in self._kept.items() if not kept.reading)
            for key in list(done)[: len(self._kept) - self._most]:
                del self._kept[key]


def _release(slots: Iterable[threading.Semaphore]) -> None:
    for slot in slots:
        slot.release()


def in_words(error: Exception) -> str:
    """What was raised, as the verbs tell it."""
    known = error if isinstance(error, TfinfraError) else refusal(error) or store_trouble(error)
    if known is not None:
        return f"{known.message}" + (f" ({known.hint})" if known.hint else "")
    return redact(f"tfinfra itself failed: {type(error).__name__}: {first_line(error)}")
