"""What the cloud says is about to happen to this node: asked every two seconds, sent with the node's heartbeat.

An event is not acknowledged: the node uses all of the time that it is given.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.instance_metadata import Metadata

_EVERY = 2.0
_FATES = {
    "Preempt": "evicted (spot)",
    "Terminate": "deleted",
    "Redeploy": "moved to another host (redeploy)",
    "Reboot": "rebooted",
    "Freeze": "paused (freeze)",
}
_log = logging.getLogger(__name__)


class Notices:
    """Asks the metadata endpoint from a thread of its own, which ends with the agent. `name` is the machine's."""

    def __init__(self, metadata: Metadata, heartbeats: Heartbeats, name: str) -> None:
        self._metadata = metadata
        self._heartbeats = heartbeats
        self._name = name
        self._known = ""
        self._deaf = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def look(self) -> None:
        """One look; what is new is logged and sent with a heartbeat at once."""
        try:
            notice = notice_of(self._metadata.scheduled_events(), self._name)
        except (OSError, ValueError) as error:
            if not self._deaf:
                _log.warning("the scheduled events cannot be read: %s", error)
            self._deaf = True
            return
        self._deaf = False
        if notice != self._known:
            self._known = notice
            _log.warning("%s", f"this node is about to be {notice}" if notice else "what was announced has passed")
            self._heartbeats.warn(notice)

    def _run(self) -> None:
        while not self._ended.wait(_EVERY):
            self.look()


def notice_of(events: Iterable[dict[str, Any]], name: str) -> str:
    """What happens to the machine `name`, the worst first ("evicted (spot)"); "" where nothing does."""
    announced = {str(e.get("EventType")) for e in events if name in (e.get("Resources") or ())}
    return next((fate for kind, fate in _FATES.items() if kind in announced), "")
