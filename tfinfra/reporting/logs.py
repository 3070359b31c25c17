"""The last lines of logs, within the room that a page has for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tfinfra.reporting.values import Log
from tfinfra.text.cleaning import spelt_out

LAST = 200
"""Lines of a log that are shown."""
MOST = 300
"""Logs that a page has, at most."""
_LONGEST = 2000
"""Characters of a line that are shown."""


@dataclass(frozen=True)
class ShownLog:
    """A log as HTML: its last `lines` lines, `whole` where these are all."""

    name: str
    text: Markup
    lines: int
    whole: bool


def shown_logs(logs: Sequence[Log], room: int) -> list[ShownLog]:
    """Each log's last lines, in `room` bytes of HTML: what one does not need of its share the others get."""
    texts = [[_line(line) for line in log.lines[-LAST:]] for log in logs]
    sizes = [sum(map(_bytes, lines)) for lines in texts]
    shares = shared_out(sizes, room)
    return [_shown(log, lines, share) for log, lines, share in zip(logs, texts, shares, strict=True)]


def shared_out(sizes: Sequence[int], room: int) -> list[int]:
    """What each gets of `room`: what it needs, or an equal share of what the smaller ones leave."""
    shares, left = [0] * len(sizes), room
    order = sorted(range(len(sizes)), key=lambda i: sizes[i])
    for place, i in enumerate(order):
        shares[i] = min(sizes[i], left // (len(order) - place))
        left -= shares[i]
    return shares


def _line(line: str) -> Markup:
    text = spelt_out(line).replace("\n", " ")
    cut = f" … {len(text) - _LONGEST} more characters" if len(text) > _LONGEST else ""
    return escape(text[:_LONGEST] + cut)


def _bytes(line: str) -> int:
    return len(line.encode("utf-8", "replace")) + 1


def _shown(log: Log, lines: list[Markup], share: int) -> ShownLog:
    kept: list[Markup] = []
    for line in reversed(lines):
        share -= _bytes(line)
        if share < 0:
            break
        kept.append(line)
    whole = log.whole and len(kept) == len(log.lines)
    return ShownLog(log.name, Markup("\n").join(reversed(kept)), len(kept), whole)
