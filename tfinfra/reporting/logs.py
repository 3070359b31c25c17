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
class EscapedLog:
    """A log as HTML, line by line, and the bytes of each line with its end."""

    log: Log
    lines: tuple[Markup, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class ShownLog:
    """A log as HTML: its last `lines` lines, `whole` where these are all."""

    name: str
    text: Markup
    lines: int
    whole: bool


def escaped_logs(logs: Sequence[Log]) -> list[EscapedLog]:
    """The last lines of each log, ready to be shown: most of the work on a page with long logs."""
    return [_escaped(log) for log in logs]


def shown_logs(logs: Sequence[EscapedLog], room: int) -> list[ShownLog]:
    """Each log's last lines, in `room` bytes of HTML: what one does not need of its share the others get."""
    shares = shared_out([sum(log.sizes) for log in logs], room)
    return [_shown(log, share) for log, share in zip(logs, shares, strict=True)]


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


def _escaped(log: Log) -> EscapedLog:
    lines = tuple(map(_line, log.lines[-LAST:]))
    return EscapedLog(log, lines, tuple(len(line.encode("utf-8", "replace")) + 1 for line in lines))


def _shown(of: EscapedLog, share: int) -> ShownLog:
    kept: list[Markup] = []
    for line, size in zip(reversed(of.lines), reversed(of.sizes), strict=True):
        share -= size
        if share < 0:
            break
        kept.append(line)
    whole = of.log.whole and len(kept) == len(of.log.lines)
    return ShownLog(of.log.name, Markup("\n").join(reversed(kept)), len(kept), whole)
