"""When a watcher asks again: every few seconds of the run's own store, seldom of ARM, whose lists of machines are dear
and limited for the whole subscription together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tfinfra.model import Timeouts

LATE = 3.0
"""The part of Timeouts.heartbeat after which a silent node is late."""
SOONER = 5.0
"""How many times sooner the machines are asked for then, at most so often while nodes are late."""
SOONEST = 2.0
AT_MOST = 4
UNSEEN = 2.0
"""How many times Timeouts.heartbeat the lists have to stay empty where no machine was ever seen."""
LONGEST = 300.0
"""Seconds between two lists at most, where ARM refuses them: the nodes' own heartbeats are read all the same."""


@dataclass
class Every:
    """Says when `seconds` have passed since it last said so."""

    seconds: float
    clock: Callable[[], float]
    _last: float = field(default=float("-inf"))

    def due(self) -> bool:
        now = self.clock()
        if now - self._last < self.seconds:
            return False
        self._last = now
        return True


class Listing:
    """Says when ARM may be asked for the machines again: every `listing` seconds; sooner, a few times, when a node is
    late; more and more seldom while it refuses, as its limits are shared by all who use the subscription."""

    def __init__(self, timeouts: Timeouts, clock: Callable[[], float]) -> None:
        self._every = timeouts.listing
        self._clock = clock
        self._last = float("-inf")
        self._refusals = self._hurried = 0

    def due(self, late: bool, refused: bool) -> bool:
        """`late`: a node is silent, or a list was empty; `refused`: the last list was not given."""
        hurry = late and not refused and self._hurried < AT_MOST
        if self._clock() - self._last < self._pause(hurry, refused):
            return False
        self._refusals = self._refusals + 1 if refused else 0
        self._hurried = self._hurried + 1 if hurry else self._hurried if late else 0
        self._last = self._clock()
        return True

    def _pause(self, hurry: bool, refused: bool) -> float:
        if refused:
            return min(self._every * float(2 ** min(self._refusals + 1, 3)), LONGEST)
        return soon(self._every) if hurry else self._every


def soon(listing: float) -> float:
    """Seconds to a list that cannot wait for its usual turn, `listing` seconds after the last one."""
    return max(listing / SOONER, min(listing, SOONEST))


class Vanished:
    """Judges lists that name no machine. ARM's lists lag behind what it has made (Azure/AKS#1964), so one alone says
    nothing: it takes a second one, and no heartbeat since the first was asked for. Where no machine was ever listed or
    heard of, the lists have to stay empty for longer, as the lag is longest right after a set was made."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._unseen = UNSEEN * timeouts.heartbeat
        self._seen = False
        self._heard = float("-inf")
        self._first: float | None = None
        self._last = float("-inf")

    def heard(self, now: float) -> None:
        """A node has answered."""
        self._seen, self._heard = True, now
        if self._first is not None and now >= self._first:
            self._first = None

    def listed(self, count: int | None, since: float) -> None:
        """A list that was asked for at `since` names so many machines (None: it does not say)."""
        if count != 0:
            self._seen, self._first = self._seen or count is not None, None
        elif since > self._heard:
            self._first, self._last = since if self._first is None else self._first, since

    @property
    def doubtful(self) -> bool:
        """Whether a list was empty, and another one has to say so too."""
        return self._first is not None and not self.certain

    @property
    def certain(self) -> bool:
        """Whether no machine is left."""
        return self._first is not None and self._last - self._first > (0.0 if self._seen else self._unseen)
