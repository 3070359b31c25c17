"""How long the points of a run are read for its page."""

from __future__ import annotations

import time


class Patience:
    """At most `seconds` from the first look at it, None: as many as it takes. `over` once somebody was too late."""

    def __init__(self, seconds: float | None) -> None:
        self.over = False
        self._seconds = seconds
        self._until: float | None = None

    def late(self) -> bool:
        """Whether the time is up."""
        if self._seconds is not None:
            now = time.monotonic()
            self._until = now + self._seconds if self._until is None else self._until
            self.over = self.over or now > self._until
        return self.over
