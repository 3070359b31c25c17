"""Times as documents, tags and messages carry them: ISO 8601 in UTC, and durations and counts for people."""

from __future__ import annotations

import time
from datetime import datetime, timezone


def iso_time(seconds: float | None = None) -> str:
    """`seconds` (Unix; None: now) as "2026-11-23T10:00:00Z"."""
    moment = datetime.fromtimestamp(time.time() if seconds is None else seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_time(text: str) -> float:
    """Unix seconds of an ISO 8601 time. Raises ValueError where it is none."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def spell_seconds(seconds: float) -> str:
    """ "0.8 s", "42 s", "3 min 20 s", "2 h 5 min", "7 d"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, below, below_size in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // below_size
            return f"{whole // size} {unit}" + (f" {rest} {below}" if rest else "")
    return f"{whole} s"


def count(number: int, thing: str) -> str:
    """One as "1 node", more as "2 nodes"."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def listed(thing: str, names: tuple[str, ...]) -> str:
    """ "zone 1", "zones 1 and 2", "zones 1, 2 and 3"."""
    *first, last = names
    return f"{thing}s {', '.join(first)} and {last}" if first else f"{thing} {last}"
