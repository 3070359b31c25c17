"""The deadline, which every node keeps for itself, even where the rest of its agent hangs or a client still watches."""

from __future__ import annotations

import logging
import threading

from tfinfra.agent.end.cleanup import delete_compute_group, group_expiry, spread
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.verdict.control import deadline_of
from tfinfra.system.clock import unix_time

_LOOK, _RETRY, _PATIENCE = 1.0, 30.0, 300.0
_log = logging.getLogger(__name__)


class DeadlineWatch:
    """Deletes the compute group when the run's deadline has passed, from a thread of its own. The deadline is that of
    the node's settings, from when it was made. The tag of its group, which others may write, puts it off no further
    than to the latest time of the same settings, where they have one."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._spread = spread(context.identity.node_id, context.plan.node_count)
        self._at = deadline_of(context.settings) + self._spread
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
        if (pause := self._put_off()) is not None:
            return pause
        _log.warning("the run's deadline has passed")
        delete_compute_group(self._context.settings, self._context.metadata)
        return _RETRY

    def _put_off(self) -> float | None:
        """Asks ARM, when the time has come, whether the run was given more: the seconds until the next look, None where
        it was not. An ARM that does not answer is asked again for a while: nor could it delete anything."""
        settings, now = self._context.settings, self._context.clock.time()
        if settings.latest is None:
            return None
        latest = unix_time(settings.latest)
        try:
            expires = group_expiry(settings, self._context.metadata)
        except Exception as error:  # noqa: BLE001  whatever was answered, it must not keep this node from deleting
            _log.warning("could not see whether the run was given more time: %r", error)
            return _RETRY if now < min(self._at + _PATIENCE, latest) else None
        until = min(expires or 0.0, latest) + self._spread
        if until <= now:
            return None
        _log.info("the deadline is put off by %.0f s", until - self._at)
        self._at = until
        return _LOOK

    def _run(self) -> None:
        pause = _LOOK
        while not self._ended.wait(pause):
            try:
                pause = self.step()
            except Exception:  # noqa: BLE001  the outermost edge: without this thread nothing may delete the machines
                _log.exception("the deadline could not be looked at")
                pause = _RETRY
