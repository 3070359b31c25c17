"""A YAML file's lines, and the positions in them that a parser's marks mean."""

from __future__ import annotations

import re
from typing import Any

from tfinfra.errors import Position
from tfinfra.text.credentials import secretive

LINE_END = re.compile("\r\n|\r|\n")


class SourceText:
    """The file's name and lines: makes positions from a parser's marks."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = LINE_END.split(text)
        self._secretive = secretive(self.lines)

    def position(self, start: Any, end: Any = None) -> Position:
        """From the mark `start` (0-based) to `end`, or to the end of the line where `end` is on another."""
        line = min(start.line, len(self.lines) - 1)
        text = self.lines[line]
        stop = end.column if end is not None and end.line == start.line else len(text.rstrip())
        return Position(self.file, line + 1, start.column + 1, max(1, stop - start.column), self._shown(line))

    def at(self, line: int, column: int) -> Position:
        """One character; `line` and `column` are 0-based."""
        line = min(max(line, 0), len(self.lines) - 1)
        return Position(self.file, line + 1, column + 1, 1, self._shown(line))

    def _shown(self, line: int) -> str:
        return self._secretive.get(line, self.lines[line])
