"""The logs that pages follow, and who watches them closely."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.model import Beat
from tfinfra.store import encode, keys
from tfinfra.system.clock import right_now
from tfinfra.ui.log_tail import LogTail
from tfinfra.ui.looks import Looks
from tfinfra.ui.run_seen import Seen

_TAILS = 24
"""Logs that are kept at the same time, each of about a megabyte at most."""
_FRESH, _BEAT = 0.5, 2.0


@dataclass(frozen=True)
class News:
    """What is new of a log (log_tail.NewLines); `note` says what keeps the rest away, "" for nothing."""

    lines: tuple[str, ...]
    next: str
    anew: bool
    note: str


class Following:
    """The logs of all pages of one server."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._tails: dict[tuple[str, str], LogTail] = {}

    async def news(self, seen: Seen, task: str, cursor: str) -> News:
        """What of the task's log follows `cursor`, read now if that takes no longer than a moment."""
        key = (seen.run, task)
        tail = self._tails.pop(key, None) or LogTail(task)
        self._tails[key] = tail
        while len(self._tails) > _TAILS:
            del self._tails[next(iter(self._tails))]
        note = "its cloud has not answered yet"
        if seen.found is not None:
            # The tail is in the key: one that was forgotten and begun anew is read on its own
            note = (await self._looks.at(("log", tail), partial(tail.read, seen.found), _FRESH)).trouble
        lines = tail.after(cursor)
        return News(lines.lines, lines.next, lines.anew, note)

    async def watch(self, seen: Seen) -> None:
        """Tells the run's nodes that somebody reads along, as `tfinfra logs -f` does."""
        if seen.found is not None and seen.found.store is not None and seen.found.outcome is None:
            await self._looks.at(("watch", seen.run), partial(_beat, seen.found), _BEAT, 0.0)


def _beat(found: FoundRun) -> None:
    if found.store is not None:
        found.store.put(keys.WATCH, encode(Beat(right_now())))
