"""Logs of a run, followed until nothing is left that writes any. Whoever follows may do so for days: a token that ends
and a store that is silent for a while are told, and the log goes on where it was once they are back."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from tfinfra.errors import CredentialsError, ProvisioningError, first_line
from tfinfra.lifecycle.attach.attached_run import run_is_over
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.living import has_nodes
from tfinfra.lifecycle.watch.log_reader import AT_A_TIME, LogLine, LogReader
from tfinfra.lifecycle.watch.poll_times import Every, Listing
from tfinfra.model import Beat
from tfinfra.store import encode, keys, store_errors
from tfinfra.store.waiting import store_trouble
from tfinfra.system.clock import Clock, right_now
from tfinfra.system.progress import Progress

FOLLOW = 0.2
BEAT_EVERY = 2.0
PATIENCE = 3600.0
"""Seconds for which neither the store nor ARM may answer before that ends the following."""
_AGAIN = 300.0
"""Seconds after which the same trouble is told again."""


def merged(logs: Sequence[Iterable[LogLine]]) -> Iterator[LogLine]:
    """The lines of all logs by their times, those of each in their order."""
    if len(logs) == 1:
        yield from logs[0]
        return
    yield from (line for _, line in heapq.merge(*map(_rising, logs), key=lambda timed: timed[0]))


def _rising(log: Iterable[LogLine]) -> Iterator[tuple[float, LogLine]]:
    """A line without a time, or with one before that of the line above it, came with that line."""
    latest = 0.0
    for line in log:
        latest = max(latest, line.time or 0.0)
        yield latest, line


class FollowedLogs:
    """The logs of `readers`; `tell` hears what keeps them away. Raises, after PATIENCE, what did. `gone`: the store
    went with the run's groups, and nothing more can be read there."""

    def __init__(self, found: FoundRun, readers: Sequence[LogReader], tell: Progress, clock: Clock) -> None:
        self._found = found
        self._readers = readers
        self._tell = tell
        self._clock = clock
        self._beat = Every(BEAT_EVERY, clock.monotonic)
        self._listing = Listing(found.ports.cloud.timeouts, clock.monotonic)
        self._refused = False
        self.gone = False
        self._over = False
        self._trouble: Exception | None = None
        self._since: float | None = None
        self._told = ("", float("-inf"))

    def lines(self) -> Iterator[LogLine]:
        """The lines as they come, until the run has ended or nothing is left that writes any. The nodes are told that
        somebody reads them now."""
        while not self._is_over():
            yield from merged([self._new_of(reader) for reader in self._readers])
            self._bear()
            self._clock.sleep(FOLLOW if self._since is None else BEAT_EVERY)

    def rest(self) -> Iterator[LogLine]:
        """What is left of the logs once `lines` has ended, unfinished lines too: a store that is silent just then is
        borne as before. One that is gone has no more than was read."""
        self._over = True
        while not self.gone:
            yield from merged([self._new_of(reader, sys.maxsize) for reader in self._readers])
            silent = self._trouble is not None
            if silent and self._listing.due(late=False, refused=self._refused):
                self._has_nodes()
            if self.gone:
                break
            self._bear()
            if not silent:
                break
            self._clock.sleep(BEAT_EVERY)
        yield from merged([reader.end() for reader in self._readers])

    def _new_of(self, reader: LogReader, most: int = AT_A_TIME) -> Iterator[LogLine]:
        """What has come of one log: a line of another, taken before this one's store failed, is not lost by that."""
        try:
            yield from reader.new(most)
        except store_errors() as error:
            self._trouble = error

    def _is_over(self) -> bool:
        """Whether nothing more comes, as far as anybody says so."""
        try:
            over = run_is_over(self._found)
        except store_errors() as error:
            over, self._trouble = False, error
        if over:
            return True
        if self._beat.due() and self._found.store is not None:
            with suppress(*store_errors()):  # whoever may only read gets the lines later
                self._found.store.put(keys.WATCH, encode(Beat(right_now())))
        return self._listing.due(late=False, refused=self._refused) and not self._has_nodes()

    def _has_nodes(self) -> bool:
        """Asks ARM. A store that does not answer may have gone with its groups."""
        silent: tuple[type[Exception], ...] = (ProvisioningError, CredentialsError, *store_errors())
        self._refused = True
        try:
            self.gone = self._trouble is not None and not self._has_groups()
            alive = has_nodes(self._found) if self._trouble is None else not self.gone
        except silent:  # it does not say: read on
            return True
        self._refused = False
        return alive

    def _has_groups(self) -> bool:
        return any(group.run == self._found.host for group in self._found.ports.arm.groups())

    def _bear(self) -> None:
        """Tells what keeps the log away, and bears it for long."""
        error, self._trouble = self._trouble, None
        if error is None:
            if self._since is not None:
                self._tell(f"{self._found.run}: the log goes on")
            self._since, self._told = None, ("", float("-inf"))
            return
        known = store_trouble(error) or ProvisioningError(f"the run's store does not answer: {first_line(error)}")
        now = self._clock.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since > PATIENCE:
            what = "has ended" if self._over else "goes on"
            known.message = f"{known.message}; the run {what}, `tfinfra logs -f {self._found.run}` goes on reading"
            raise known from error
        if known.message != self._told[0] or now - self._told[1] >= _AGAIN:
            self._told = known.message, now
            self._tell(f"warning: the log cannot be read, trying again: {known.message}")
