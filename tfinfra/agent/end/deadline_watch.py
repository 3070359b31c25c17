"""The deadline, which every node keeps for itself, even where the rest of its agent hangs or a client still watches."""

from __future__ import annotations

import logging
import threading

from tfinfra.agent.end.cleanup import delete_compute_group, spread
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.verdict.control import deadline_of

_LOOK, _RETRY = 1.0, 30.0
_log = logging.getLogger(__name__)


class DeadlineWatch:
    """Deletes the compute group when the run's deadline has passed, from a thread of its own. The deadline is that of
    the node's settings, from when it was made: a tag, which others may write, does not put it off."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._at = deadline_of(context.settings) + spread(context.identity.node_id, context.plan.node_count)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deadline", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def step(self) -> float:
        """Acts where the time has come; returns the seconds until the next look."""
        if self._context.clock.time() < self._at:
            return _LOOK
        _log.warning("the run's deadline has passed")
        delete_compute_group(self._context.settings, self._context.metadata)
        return _RETRY

    def _run(self) -> None:
        pause = _LOOK
        while not self._ended.wait(pause):
            try:
                pause = self.step()
            except Exception:  # noqa: BLE001  the outermost edge: without this thread nothing may delete the machines
                _log.exception("the deadline could not be looked at")
                pause = _RETRY
