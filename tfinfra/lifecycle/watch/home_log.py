"""A task's log as it lies on this machine: `tasks/<task>.log` as written, and `<task>.times` beside it: when the
nodes found what. Each line of that is "<bytes> <time>": so many bytes of the log had come by then (Unix seconds of
the node)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tfinfra.store import Piece

_AT_ONCE = 1 << 20
_LAST_MOMENT = 1e11


def times_beside(log: Path) -> Path:
    """Where the times of a log are."""
    return log.with_name(f"{log.name.removesuffix('.log')}.times")


def write_log(log: BinaryIO, chunks: Iterable[Iterable[Piece]]) -> str:
    """Writes the log's chunks to the open file, and returns the text for the file of its times."""
    size, times = 0, list[str]()
    for pieces in chunks:
        for time, data in pieces:
            log.write(data)
            size += len(data)
            if time is not None:
                times.append(f"{size} {time:.2f}\n")
    return "".join(times)


def read_log(log: Path) -> Iterator[Piece]:
    """The log in pieces, each with its time where that is known: what is beside it may have been changed or removed."""
    with log.open("rb") as file:
        for end, time in _times(times_beside(log)):
            while (missing := end - file.tell()) > 0 and (data := file.read(min(_AT_ONCE, missing))):
                yield time, data
        while data := file.read(_AT_ONCE):
            yield None, data


def _times(path: Path) -> Iterator[tuple[int, float]]:
    with suppress(OSError, ValueError, OverflowError), path.open(encoding="ascii") as lines:
        for line in lines:
            end, time = line.split()
            if 0 <= float(time) < _LAST_MOMENT:
                yield int(end), float(time)
