"""Shows a run's log as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfinfra.lifecycle.watch.log_reader import Lines
from tfinfra.text.cleaning import clean

_AT_ONCE = 1 << 20  # characters of a log


class LogPrinter:
    """Prints a growing file as it grows, to its end: what a run of an older tfinfra left in it is cleaned here."""

    def __init__(self, path: Path, shown: bool) -> None:
        self._file = path.open(encoding="utf-8", errors="replace", newline="\n") if shown and path.exists() else None
        self._lines = Lines()

    def __enter__(self) -> LogPrinter:
        return self

    def __exit__(self, *raised: object) -> None:
        self.show()
        if self._file is not None:
            self._print(self._lines.end())
            self._file.close()

    def show(self) -> None:
        while self._file is not None and (text := self._file.read(_AT_ONCE)):
            self._print(self._lines.of(text))

    def _print(self, lines: Iterator[str]) -> None:
        print_lines(lines)


def print_lines(lines: Iterator[str], *, shown: bool = True) -> None:
    """Prints the lines as they come; takes them all the same where they are not to be `shown`."""
    for line in lines:
        if shown:
            print(clean(line), flush=True)
