"""A task's log as it lies on this machine: `tasks/<task>.log` as written, and `<task>.times` beside it: when the
nodes found what. Each line of that is "<bytes> <time>": so many bytes of the log had come by then (Unix seconds of
the node)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tfinfra.store import Piece
from tfinfra.system.plain_files import open_plain

_AT_ONCE = 1 << 20
_LOOK_BACK = 1 << 16
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


def read_log(results: Path, name: str, last: int | None = None) -> Iterator[Piece] | None:
    """The log `name` ("tasks/rank-0.log") below a run's outputs, or its `last` lines, in pieces, each with its time
    where that is known: what is beside it may have been changed or removed. None where there is no plain file: others
    may have put a link or a pipe there."""
    file = open_plain(results, name)
    return None if file is None else _pieces(file, results, str(times_beside(Path(name))), last)


def _pieces(log: BinaryIO, results: Path, times: str, last: int | None) -> Iterator[Piece]:
    with log as file:
        file.seek(0 if last is None else _begin_of_last(file, last))
        for end, time in _times(results, times):
            while (missing := end - file.tell()) > 0 and (data := file.read(min(_AT_ONCE, missing))):
                yield time, data
        while data := file.read(_AT_ONCE):
            yield None, data


def _begin_of_last(file: BinaryIO, lines: int) -> int:
    """Where the last lines begin, so many of them: found from the end, for a log may be of any size."""
    end = file.seek(0, os.SEEK_END)
    at, missing = max(0, end - 1), lines  # the end of the last line begins none
    while at > 0 and missing > 0:
        begin = max(0, at - _LOOK_BACK)
        file.seek(begin)
        data = file.read(at - begin)
        while missing > 0 and (found := data.rfind(b"\n")) >= 0:
            at, data, missing = begin + found, data[:found], missing - 1
        if missing > 0:
            at = begin
    return at + 1 if missing == 0 and lines > 0 else end if lines == 0 else 0


def _times(results: Path, name: str) -> Iterator[tuple[int, float]]:
    lines = open_plain(results, name)
    if lines is None:
        return
    with suppress(OSError, ValueError, OverflowError), lines:
        for line in lines:
            end, time = line.decode("ascii").split()
            if 0 <= float(time) < _LAST_MOMENT:
                yield int(end), float(time)
