"""Reads one task's log out of the store as it grows: chunks in order, lines whole, redrawn lines as they look last,
none longer than a person reads. The whole of a line is in the log that is brought home."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Iterator

from tfinfra.store import ObjectStore, keys, log_chunk
from tfinfra.text.redrawing import last_state

LONGEST = 1 << 16
"""Characters of one line that are shown."""
AT_A_TIME, AT_THE_END = 50, 5000
"""Chunks of a log that are shown before a watcher looks at something else; and at the end of a run, whose script may
go on writing."""
_AT_ONCE = 1 << 20  # characters that are looked at together


class LogReader:
    """The log of `task`; `new` gives what has come since the last look."""

    def __init__(self, store: ObjectStore, task: str) -> None:
        self.task = task
        self._store = store
        self._next = 0
        self._lines = Lines()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def new(self, most: int = AT_A_TIME) -> Iterator[str]:
        """The whole lines of the next chunks, without their ends, one after the other: a log may be larger than this
        machine's memory, and grow faster than anybody reads. Who looks again finds the others."""
        for _ in range(most):
            chunk = log_chunk(self._store, keys.log_key(self.task, self._next))
            if chunk is None:
                return
            self._next += 1
            yield from self._lines.of(self._decoder.decode(chunk))

    def rest(self, most: int = sys.maxsize) -> Iterator[str]:
        """The new lines of at most so many chunks, and the last, unfinished one."""
        yield from self.new(most)
        yield from self._lines.of(self._decoder.decode(b"", final=True))
        yield from self._lines.end()

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
