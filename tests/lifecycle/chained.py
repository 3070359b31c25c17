"""Whether an event log is whole, by its own lines."""

from __future__ import annotations

import json
from pathlib import Path

from tfinfra.evidence.chain import link


def first_broken_line(path: Path) -> int | None:
    """The index of the first line that does not follow from the one before it, None where the chain is whole."""
    previous = b""
    for index, line in enumerate(path.read_bytes().splitlines()):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return index
        if not isinstance(event, dict) or event.get("seq") != index or event.get("prev") != link(previous):
            return index
        previous = line
    return None
