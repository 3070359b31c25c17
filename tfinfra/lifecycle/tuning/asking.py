"""A trial asked of its nodes: the request is put where they look, and put anew until they have taken it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from tfinfra.lifecycle.run.request_channel import Channel
from tfinfra.model.requests import LIVES
from tfinfra.model.trials import TrialAsked
from tfinfra.store import store_errors

ANEW = LIVES / 2
"""Seconds after which a request that nobody has taken is put anew: before the first expires."""
PUTS = 3
"""Requests of one trial, none of which a node has answered, after which the node counts as one that takes none."""


@dataclass(frozen=True)
class Refusal:
    """Why the node of this rank does not live a trial."""

    node: int
    why: str

    def __str__(self) -> str:
        return f"node {self.node} refuses it: {self.why}"


class AskedTrial:
    """One trial asked of the nodes of these ranks. It may be put as often as it takes: a node lives a trial once, and
    says so each time."""

    def __init__(self, channel: Channel, asked: TrialAsked, nodes: Sequence[int]) -> None:
        self._channel = channel
        self._asked = asked
        self._missing = set(nodes)
        self._nodes = tuple(nodes)
        self._number: str | None = None
        self._put_at = 0.0
        self._puts = 0

    def look(self, now: float) -> Refusal | None:
        """Puts the request where it has to be, and looks whether it was taken. Who refuses it, None where nobody does.
        Raises what the store raises: the next look goes on there."""
        if self.taken:
            return None
        if self._number is None:
            self._put(now)
            return None
        for node in sorted(self._missing):
            answer = self._channel.answer(self._number, node)
            if answer is not None and answer.state == "refused":
                self.withdraw()
                return Refusal(node, answer.message)
            if answer is not None:
                self._missing.remove(node)
        if self.taken:
            self.withdraw()
        elif now - self._put_at > ANEW:
            self._put(now)
        return None

    @property
    def taken(self) -> bool:
        """Whether all its nodes have it."""
        return not self._missing

    @property
    def missing(self) -> frozenset[int]:
        """The nodes that have not taken it."""
        return frozenset(self._missing)

    @property
    def unanswered(self) -> frozenset[int]:
        """The nodes that have answered none of PUTS requests; none while fewer have expired."""
        return self.missing if self._puts > PUTS else frozenset()

    def withdraw(self) -> None:
        """Nobody takes it any more. Where the store does not answer it expires."""
        number, self._number = self._number, None
        if number is not None:
            with suppress(*store_errors()):
                self._channel.withdraw(number)

    def _put(self, now: float) -> None:
        self.withdraw()
        request = self._channel.request("trial", self._asked, self._nodes)
        self._channel.put(request)
        self._number, self._put_at = request.number, now
        self._puts += 1
