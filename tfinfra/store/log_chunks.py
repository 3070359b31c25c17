"""A task's log in its store: chunks of lines, each of which says when its node found them in the file. The times stand
before the lines, in a form that no terminal shows (an application's own string, ECMA-48 8.3.2): "\\x1b_tfinfra
<bytes>:<time> …\\x1b\\\\", each with how many bytes of the chunk came by then."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from tfinfra.store.records import Unreadable, shown
from tfinfra.store.seam import ObjectStore, OddObject

_HEAD = re.compile(rb"\x1b_tfinfra((?: \d{1,9}:\d{1,12}(?:\.\d{1,3})?){1,20000})\x1b\\")

Piece = tuple[float | None, bytes]
"""A part of a log, and when it was found in its file: Unix seconds of the node, None where that is not known."""


def log_chunk_of(pieces: Iterable[tuple[float, bytes]]) -> bytes:
    """The chunk that holds these parts."""
    size, marks, parts = 0, list[str](), list[bytes]()
    for time, data in pieces:
        size += len(data)
        marks.append(f" {size}:{time:.2f}")
        parts.append(data)
    return b"\x1b_tfinfra" + "".join(marks).encode() + b"\x1b\\" + b"".join(parts)


def log_pieces(store: ObjectStore, key: str) -> list[Piece] | None:
    """The parts of the chunk at `key`, None where there is none yet; of one that is none, a line that says so."""
    try:
        chunk = store.get(key)
    except OddObject as error:
        return [(None, f"[{Unreadable(shown(key), str(error))}]\n".encode())]
    if chunk is None:
        return None
    head = _HEAD.match(chunk)
    if head is None:
        return [(None, chunk)]
    data = chunk[head.end() :]
    marks = [mark.split(b":") for mark in head[1].split()]
    ends = [0, *(min(int(end), len(data)) for end, _ in marks[:-1]), len(data)]
    return [(float(time), data[a:b]) for (_, time), (a, b) in zip(marks, pairwise(ends), strict=True)]


def log_chunk(store: ObjectStore, key: str) -> bytes | None:
    """What a chunk holds of its log, None where there is none yet."""
    pieces = log_pieces(store, key)
    return None if pieces is None else b"".join(data for _, data in pieces)
