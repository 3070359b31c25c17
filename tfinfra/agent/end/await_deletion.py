"""The end of an agent's life: heartbeats until its machine is deleted, and that deletion where nothing else does it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from tfinfra.agent.end.cleanup import delete_compute_group, spread
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.log_shipping import Audience
from tfinfra.agent.node.node_records import read
from tfinfra.agent.verdict.outcomes import published
from tfinfra.errors import Result
from tfinfra.model import CollectedMark
from tfinfra.store import holds, keys, store_errors

_LOOK = 2.0
_UNWATCHED = 20.0
_RETRY = 30.0


def linger(context: AgentContext, pause: Callable[[float], Result | None]) -> NoReturn:
    """Never returns by itself: the machine's end ends it. Any node deletes the compute group once the run has ended,
    its outputs are in the store, nobody has watched for 20 s, and neither `--keep` nor `on_failure: hold` keeps it.
    Until the outcome is known the deadline alone counts (deadline_watch.py). `pause` waits for so many seconds, or
    lives a further run on this node, whose result it gives: from then on that end counts."""
    audience, end = Audience(context.store, context.clock), _End(context)
    while True:
        if (result := pause(_LOOK)) is not None:
            end.begin_anew(result)
        if audience.is_watching():
            continue
        with suppress(*store_errors()):  # a store that does not answer must not keep this node from deleting
            if end.has_passed() and not holds(context.store, keys.KEEP):
                delete_compute_group(context.settings, context.metadata)
                context.clock.sleep(_RETRY)


class _End:
    """When the run's machines have served, by this node's own clock."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._ended: float | None = None
        self._collected: float | None = None
        self._hold = 0.0
        self._spread = spread(context.identity.node_id, context.plan.node_count)

    def begin_anew(self, result: Result) -> None:
        """Another run on this node has ended, its outputs being where they are to be."""
        self._ended = self._collected = self._context.clock.monotonic()
        self._hold_after(result)

    def _hold_after(self, result: Result) -> None:
        self._hold = self._context.plan.hold_on_failure if result == Result.FAILED else 0.0

    def has_passed(self) -> bool:
        now = self._context.clock.monotonic()
        if self._ended is None:
            outcome = published(self._context.store)
            if outcome is None:
                return False
            self._ended = now
            self._hold_after(outcome.result)
        if self._collected is None:  # another node may still bring the outputs, as long as that may take
            late = now - self._ended > self._context.settings.timeouts.collect
            if not late and read(self._context.store, keys.COLLECTED, CollectedMark) is None:
                return False
            self._collected = now
        return now >= max(self._collected + _UNWATCHED, self._ended + self._hold) + self._spread
