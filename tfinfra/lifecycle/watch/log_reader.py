"""Reads one task's log out of the store as it grows: chunks in order, lines whole, redrawn lines as they look last,
none longer than a person reads. The whole of a line is in the log that is brought home."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tfinfra.store import ObjectStore, Piece, keys, log_chunk, log_pieces
from tfinfra.text.redrawing import last_state

LONGEST = 1 << 16
"""Characters of one line that are shown."""
AT_A_TIME, AT_THE_END = 50, 5000
"""Chunks of a log that are shown before a watcher looks at something else; and at the end of a run, whose script may
go on writing."""
_AT_ONCE = 1 << 20  # characters that are looked at together


@dataclass(frozen=True)
class LogLine:
    """A line of a task's log, without its end; `time` is when its node found it in the log's file (Unix seconds, to
    about half a second), None where nobody noted it."""

    task: str
    text: str
    time: float | None = None


class LogReader:
    """The log of `task`, from its chunk `first` on; `new` gives what has come since the last look."""

    def __init__(self, store: ObjectStore, task: str, first: int = 0) -> None:
        self.task = task
        self._store = store
        self._next = first
        self._lines = Lines()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def new(self, most: int = AT_A_TIME) -> Iterator[LogLine]:
        """The whole lines of the next chunks, one after the other: a log may be larger than this machine's memory, and
        grow faster than anybody reads. Who looks again finds the others."""
        for _ in range(most):
            pieces = log_pieces(self._store, keys.log_key(self.task, self._next))
            if pieces is None:
                return
            self._next += 1
            for time, data in pieces:
                yield from (LogLine(self.task, line, time) for line in self._lines.of(self._decoder.decode(data)))

    def rest(self, most: int = sys.maxsize) -> Iterator[LogLine]:
        """The new lines of at most so many chunks, and the last, unfinished one."""
        yield from self.new(most)
        yield from self.end()

    def end(self) -> Iterator[LogLine]:
        """The last, unfinished line, as far as it was read."""
        last = (*self._lines.of(self._decoder.decode(b"", final=True)), *self._lines.end())
        yield from (LogLine(self.task, line) for line in last)

    def goes_on(self) -> bool:
        """Whether a chunk is there that was not looked at."""
        return log_chunk(self._store, keys.log_key(self.task, self._next)) is not None


class Lines:
    """Whole lines out of a text that comes in pieces, in time and memory that are those of the text."""

    def __init__(self) -> None:
        self._rest: list[str] = []  # of the unfinished line
        self._size = self._cut = 0

    def of(self, text: str) -> Iterator[str]:
        """The lines that `text` completes."""
        start = 0
        while (end := text.find("\n", start)) >= 0:
            whole, start = text[start:end], end + 1
            if not self._rest and len(whole) <= LONGEST and "\r" not in whole and "\b" not in whole:
                yield whole
                continue
            self._take(whole)
            yield self._line()
        self._take(text[start:])

    def end(self) -> Iterator[str]:
        """The last line, where it has no end."""
        if self._rest:
            yield self._line()

    def _take(self, text: str) -> None:
        for start in range(0, len(text), _AT_ONCE):
            piece = text[start : start + _AT_ONCE]
            self._rest.append(piece)
            self._size += len(piece)
            if self._size > 2 * LONGEST:
                self._shorten()

    def _shorten(self) -> None:
        """Keeps of an unfinished line what is shown of it. A redrawn one begins anew: nothing of it is cut then."""
        shown, cursor, anew = last_state("".join(self._rest))
        self._cut = max(0, len(shown) - LONGEST) + (0 if anew else self._cut)
        shown = shown[:LONGEST]
        self._rest = [shown, cursor[: len(shown)]]
        self._size = sum(map(len, self._rest))

    def _line(self) -> str:
        self._shorten()
        line, cut = self._rest[0], self._cut
        self._rest, self._size, self._cut = [], 0, 0
        return f"{line} … cut here: {cut} more characters in this line" if cut else line


def lines_of(pieces: Iterable[str]) -> Iterator[str]:
    """The lines of a log that is read in pieces."""
    lines = Lines()
    for piece in pieces:
        yield from lines.of(piece)
    yield from lines.end()


def lines_in_pieces(task: str, pieces: Iterable[Piece]) -> Iterator[LogLine]:
    """The lines of a task's log that is read in pieces, with their times."""
    lines, decoder, last = Lines(), codecs.getincrementaldecoder("utf-8")("replace"), None
    for time, data in pieces:
        last = time
        yield from (LogLine(task, line, time) for line in lines.of(decoder.decode(data)))
    ending = (*lines.of(decoder.decode(b"", final=True)), *lines.end())
    yield from (LogLine(task, line, last) for line in ending)


def tail_start(store: ObjectStore, task: str, lines: int) -> int:
    """The chunk from which on a log has at least so many lines, 0 where it has fewer."""
    chunks = len(store.list(keys.log_folder(task)))
    missing = lines
    for number in range(chunks - 1, -1, -1):
        missing -= (log_chunk(store, keys.log_key(task, number)) or b"").count(b"\n")
        if missing < 0:
            return number
    return 0
