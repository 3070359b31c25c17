"""Reads one task's log out of the store as it grows: chunks in order, lines whole, redrawn lines as they look last."""

from __future__ import annotations

import codecs

from tfinfra import layout
from tfinfra.store import ObjectStore, log_chunk


class LogTail:
    """The log of `task`; each `poll` gives the lines that are new since the last."""

    def __init__(self, store: ObjectStore, task: str) -> None:
        self.task = task
        self._store = store
        self._next = 0
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def poll(self) -> list[str]:
        """The new whole lines, without their ends."""
        lines: list[str] = []
        while (chunk := log_chunk(self._store, layout.log_key(self.task, self._next))) is not None:
            self._next += 1
            lines += self._lines(self._decoder.decode(chunk))
        return lines

    def finish(self) -> list[str]:
        """The new lines and the last, unfinished one."""
        lines = self.poll()
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        return [*lines, redrawn(rest)] if rest else lines

    def _lines(self, text: str) -> list[str]:
        *whole, self._rest = (self._rest + text).split("\n")
        return [redrawn(line) for line in whole]


def redrawn(line: str) -> str:
    """`line` as a terminal shows it at its end: the last text after a carriage return, backspaces applied."""
    last = line.rstrip("\r").rpartition("\r")[2]
    return _without_backspaces(last) if "\b" in last else last


def _without_backspaces(text: str) -> str:
    """Keras rubs its progress bar out with a run of backspaces before it draws the next."""
    shown: list[str] = []
    position = 0
    for character in text:
        if character == "\b":
            position = max(0, position - 1)
        else:
            shown[position : position + 1] = [character]
            position += 1
    return "".join(shown)
