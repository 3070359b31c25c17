"""Reads out of a rank's log which ranks Horovod was waiting for when its run ended: a rank that stays away from a
collective operation hangs all others, and Horovod alone knows of which.

Its warning, once a minute, is `Missing ranks:` and, for each of them, a line `1: [HorovodAllreduce, …]` (horovod 0.28,
common/stall_inspector.cc); "!" behind the rank's number says that it shuts down for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = re.compile(r"Missing ranks:\s*$")
_RANK = re.compile(r"(\d+)!?: \[(.*)\]\s*$")
_LONGEST = 200
_FAR = 200
"""Lines below the warning after which it is too old to tell anything."""


@dataclass(frozen=True)
class Stall:
    """`missing`: each missing rank with the operations that it stayed away from. `below`: lines that the log has after
    the warning; with some, the others may have gone on since."""

    missing: tuple[tuple[int, str], ...]
    below: int


def last_stall(lines: Sequence[str]) -> Stall | None:
    """Horovod's last warning in a log, None where there is none, or none of late."""
    head = next((at for at in range(len(lines) - 1, -1, -1) if _HEAD.match(lines[at])), None)
    if head is None:
        return None
    missing, at = list[tuple[int, str]](), head + 1
    while at < len(lines) and (found := _RANK.match(lines[at])):
        missing.append((int(found[1]), found[2][:_LONGEST]))
        at += 1
    below = sum(bool(line.strip()) for line in lines[at:])
    return Stall(tuple(missing), below) if missing and below <= _FAR else None
