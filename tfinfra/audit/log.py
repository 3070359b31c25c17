"""The event log of one run: each phase appends a line, which holds the hash of the line before it, so that one that was
changed or removed later shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

from tfinfra.evidence.chain import link
from tfinfra.system.ownership import make_private


class AuditLog:
    """Appends to `path` (events.jsonl). Several processes may append: the client, and a `down` beside it.

    `complain` hears of a line that could not be written: a full disk must not keep a run from its deletion.
    """

    def __init__(self, path: Path, clock: Callable[[], str], complain: Callable[[str], None]) -> None:
        self.path = path
        self._clock = clock
        self._complain = complain

    def append(self, event: str, **fields: Any) -> None:
        """Adds the line {"seq", "time", "event", …fields, "prev"}; `prev` is the SHA-256 of the line before."""
        try:
            make_private(self.path.parent)
            with FileLock(f"{self.path}.lock"), self.path.open("ab+") as file:
                last = _last_line(file)
                # A line that cannot be read has no number to count from: the 0 after it shows that
                before = (_parsed(last) or {}).get("seq")
                seq = before + 1 if isinstance(before, int) else 0
                line = {"seq": seq, "time": self._clock(), "event": event, **fields, "prev": link(last)}
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            self._complain(f"{self.path.name} cannot be written: {error.strerror or error}")


def read_events(path: Path) -> list[dict[str, Any]]:
    """The log's events in order, without the lines that are none; an empty list where there is no log."""
    if not path.exists():
        return []
    return [event for line in path.read_bytes().splitlines() if (event := _parsed(line)) is not None]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _last_line(file: IO[bytes]) -> bytes:
    """The last whole line without its end. A line cut short by a crash is ended first, so that the chain shows it."""
    file.seek(0)
    lines = file.read().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        file.truncate(sum(len(line) for line in lines[:-1]))
        lines.pop()
    return lines[-1].rstrip(b"\n") if lines else b""
