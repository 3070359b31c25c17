"""The last lines of a task's log, as far as a server keeps them for those who follow: numbered, so that a page asks for
what is new. A page asks once a second: a stream would hold one of the six connections that a browser has for a host.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from dataclasses import dataclass

from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.run_logs import WantedLogs, log_lines
from tfinfra.lifecycle.watch.log_reader import LogLine, LogReader, tail_start
from tfinfra.text.cleaning import spelt_out

LINES, CHARACTERS = 1000, 1 << 20
"""What is kept of a log, at most."""
AT_ONCE = 200
"""Chunks that one look takes: a log that grows faster is shown as it catches up."""


@dataclass(frozen=True)
class NewLines:
    """`lines` follow those that the page has, unless `anew`: then they stand alone. `next` is what to ask for next."""

    lines: tuple[str, ...]
    next: str
    anew: bool


class LogTail:
    """The log of `task`. `read` is called by one thread at a time, `after` by any."""

    def __init__(self, task: str) -> None:
        self.task = task
        self._reader: LogReader | None = None
        self._home = False
        self._kept: deque[str] = deque()
        self._size = 0
        self._first, self._of = 0, ""
        self._lock = threading.Lock()

    def read(self, found: FoundRun) -> None:
        """Takes what has come. Raises what the store raises, UsageError where there is no such log."""
        if found.store is None:
            self._read_home(found)
            return
        if self._reader is None or self._home:
            first = tail_start(found.store, self.task, LINES)
            self._anew(LogReader(found.store, self.task, first), home=False)
        assert self._reader is not None  # noqa: S101 - it was made above
        for line in self._reader.new(AT_ONCE):
            self._take(line)

    def _read_home(self, found: FoundRun) -> None:
        """What came home is whole: it takes the place of what was followed."""
        if not self._home:
            lines = [*log_lines(found, WantedLogs(self.task, tail=LINES))]
            self._anew(None, home=True)
            for line in lines:
                self._take(line)

    def _anew(self, reader: LogReader | None, *, home: bool) -> None:
        with self._lock:
            self._kept.clear()
            self._first, self._of, self._size = 0, secrets.token_hex(8), 0
            self._reader, self._home = reader, home

    def _take(self, line: LogLine) -> None:
        with self._lock:
            text = spelt_out(line.text)
            self._kept.append(text)
            self._size += len(text)
            while len(self._kept) > LINES or self._size > CHARACTERS:
                self._size -= len(self._kept.popleft())
                self._first += 1

    def after(self, cursor: str) -> NewLines:
        """The lines that follow those of an earlier `next`; all that are kept for a page that has none, has fallen
        behind, or saw the log before it came home."""
        of, _, number = cursor.partition(".")
        with self._lock:
            end = self._first + len(self._kept)
            begin = int(number) if number.isdigit() and len(number) < 20 else -1
            follows = of == self._of and self._first <= begin <= end
            lines = [*self._kept][begin - self._first if follows else 0 :]
            return NewLines(tuple(lines), f"{self._of}.{end}", not follows)
