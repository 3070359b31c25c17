"""What a value must look like besides its type, where it comes from a node, a store or a disk: annotations that
codec.py holds it against."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

SCHEMA = 1
"""The version of run.json and plan.json. A field more changes nothing; one that means something else raises it."""
_LAST_MOMENT = 253_402_214_400.0  # the year 9999, the last that a calendar knows


@dataclass(frozen=True)
class Shape:
    """`words` end the sentence "state is 'flying', not …"."""

    fits: Callable[[Any], bool]
    words: str


def matching(pattern: str, words: str) -> Shape:
    compiled = re.compile(pattern)
    return Shape(lambda text: compiled.fullmatch(text) is not None, words)


def one_of(*names: str) -> Shape:
    return Shape(lambda text: text in names, f"one of {', '.join(names)}")


def between(low: float, high: float) -> Shape:
    return Shape(lambda number: low <= number <= high, f"between {low:g} and {high:g}")


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def is_time(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment.tzinfo is not None and 0 <= moment.timestamp() <= _LAST_MOMENT
    except (ValueError, OverflowError):
        return False


Name = Annotated[str, matching(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}", "a name of letters, digits, '.', '_' and '-'")]
"""Of a task, a node, a host: never a path, and never what a terminal obeys."""
Line = Annotated[str, Shape(lambda text: text.isprintable() and len(text) <= 1000, "a line of text")]
Group = Annotated[str, matching(r"[\w.()-]{1,90}", "a resource group's name")]
Address = Annotated[str, Shape(lambda text: _parses(IPv4Address, text), "an IPv4 address")]
Network = Annotated[
    str,
    Shape(lambda text: "/" in text and _parses(partial(IPv4Network, strict=False), text), "an IPv4 network (CIDR)"),
]
Moment = Annotated[float, between(0, _LAST_MOMENT)]
"""Unix seconds."""
Duration = Annotated[float, between(0, 1e10)]
"""Seconds."""
Time = Annotated[str, Shape(is_time, "a time in ISO 8601")]
Usd = Annotated[float, between(0, 1e9)]
Count = Annotated[int, between(0, 1_000_000)]
Many = Annotated[int, between(0, 2**60)]
Pid = Annotated[int, between(1, 2**31 - 1)]
ExitStatus = Annotated[int, between(0, 255)]
Sha256 = Annotated[str, matching(r"[0-9a-f]{64}", "a SHA-256")]
Schema = Annotated[int, Shape(lambda number: number == SCHEMA, f"{SCHEMA}: another version of tfinfra wrote it")]
