"""Which machines of a run there are, by ARM's lists: asked for from time to time, off the watcher's thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from tfinfra.lifecycle.watch.poll_times import Listing, Vanished
from tfinfra.model import Timeouts
from tfinfra.system.threads import spawn


class Census:
    """Call `look` often. `instances` counts the machines that ARM says are running (None: unknown), `deaths` says what
    it knows of those that are gone; `expected` is how many there should be. `died` is what was last known of those
    that are gone."""

    def __init__(
        self,
        expected: int,
        timeouts: Timeouts,
        clock: Callable[[], float],
        instances: Callable[[], int | None],
        deaths: Callable[[], str],
    ) -> None:
        self.died = ""
        self._expected = expected
        self._clock = clock
        self._instances = instances
        self._deaths = deaths
        self._listing = Listing(timeouts, clock)
        self._vanished = Vanished(timeouts)
        self._count: Future[Any] | None = None
        self._since = 0.0
        self._refused = False

    @property
    def none_left(self) -> bool:
        """Whether it is certain that no machine is left."""
        return self._vanished.certain

    def heard(self) -> None:
        """A node has answered now."""
        self._vanished.heard(self._clock())

    def look(self, late: bool) -> None:
        """Takes in the list that was asked for, each once, and asks for a new one where it is due; sooner where a node
        is `late`. An error of ARM's changes nothing."""
        if self._count is not None and self._count.done():
            self._refused = self._count.exception() is not None
            if not self._refused:
                count, self.died = self._count.result()
                self._vanished.listed(count, self._since)
            self._count = None
        if self._count is None and self._listing.due(late or self._vanished.doubtful, self._refused):
            self._since, self._count = self._clock(), spawn(self._ask, "instances")

    def _ask(self) -> tuple[int | None, str]:
        """How many machines there are and, where that are not all, what is known of the others."""
        count = self._instances()
        return count, self._deaths() if count is not None and count < self._expected else self.died
