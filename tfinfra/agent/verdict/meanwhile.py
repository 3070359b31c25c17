"""What ends a node's waiting before its tasks have started: the run's end, the client's word, the deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node_errors import RunEnded, RunStopped
from tfinfra.agent.verdict.control import deadline_stop, requested_stop
from tfinfra.agent.verdict.outcomes import published

T = TypeVar("T")


class Meanwhile:
    """Raises RunEnded or RunStopped where the run ends meanwhile; looks into the store a few times a second at most."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._next = 0.0

    def __call__(self) -> None:
        context = self._context
        now = context.clock.monotonic()
        if now < self._next:
            return
        self._next = now + max(1.0, context.pause)
        if published(context.store) is not None:
            raise RunEnded("the run ended before this node had all that its tasks need")
        stop = requested_stop(context.store) or deadline_stop(context.settings, context.plan, context.clock.time())
        if stop:
            raise RunStopped(stop.message, reason=stop.reason)


def await_(
    context: AgentContext, look: Callable[[], T | None], check: Meanwhile, timeout: float | None = None
) -> T | None:
    """What `look` gives once that is true; None after `timeout` seconds."""
    give_up = None if timeout is None else context.clock.monotonic() + timeout
    while not (found := look()):
        check()
        if give_up is not None and context.clock.monotonic() > give_up:
            return None
        context.clock.sleep(context.pause)
    return found
