"""How a trial comes to its nodes: a signed request that they take, put anew as long as none of them has."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from tfinfra.lifecycle.run.request_channel import Channel
from tfinfra.model.requests import LIVES
from tfinfra.model.trials import TrialAsked
from tfinfra.store import store_errors

ANEW = LIVES / 2
"""Seconds after which a request that nobody has taken is put anew: before the first expires."""


class AskedTrial:
    """One trial asked of the nodes of these ranks. It may be put as often as it takes: a node lives a trial once."""

    def __init__(self, channel: Channel, asked: TrialAsked, nodes: Sequence[int]) -> None:
        self._channel = channel
        self._asked = asked
        self._nodes = tuple(nodes)
        self._number: str | None = None
        self._put_at = 0.0
        self._taken = False

    def look(self, now: float) -> str | None:
        """Puts the request where it has to be, and looks whether it was taken. Why a node refuses it, None where none
        does. Raises what the store raises: the next look goes on there."""
        if self._taken:
            return None
        if self._number is None or now - self._put_at > ANEW:
            self._put(now)
            return None
        answers = [self._channel.answer(self._number, node) for node in self._nodes]
        for node, answer in zip(self._nodes, answers, strict=True):
            if answer is not None and answer.state == "refused":
                self.withdraw()
                return f"node {node} refuses it: {answer.message}"
        if all(answer is not None for answer in answers):
            self._taken = True
            self.withdraw()
        return None

    @property
    def taken(self) -> bool:
        """Whether all its nodes have it."""
        return self._taken

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
