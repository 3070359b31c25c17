"""Lists of digests as sha256sum writes and checks them (GNU coreutils: a line "<digest>  <name>"; where a name holds a
backslash or an end of line, these are escaped and the line begins with a backslash)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {written: character for character, written in _ESCAPES.items()}
_LINE = re.compile(r"(\\?)([0-9a-f]{64}) [ *](.+)", re.DOTALL)


class BadSums(ValueError):
    """It is no list of digests; the text names the line."""


def sums(digests: Mapping[str, str]) -> bytes:
    """The list of {name: digest}, sorted by name."""
    return b"".join(_line(name, digests[name]) for name in sorted(digests, key=os.fsencode))


def _line(name: str, digest: str) -> bytes:
    escaped = re.sub(r"[\\\n\r]", lambda found: _ESCAPES[found[0]], name)
    return os.fsencode(f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n")


def read_sums(data: bytes) -> dict[str, str]:
    """{name: digest} of such a list. Raises BadSums for a line that is none, and for a name that comes twice."""
    found: dict[str, str] = {}
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n") if data else (), 1):
        parts = _LINE.fullmatch(os.fsdecode(line))
        if parts is None:
            raise BadSums(f"line {number} is no digest with a name")
        name = parts[3]
        if parts[1]:
            name = re.sub(r"\\[\\nr]", lambda escape: _UNESCAPES[escape[0]], name)
        if name in found:
            raise BadSums(f"line {number} names {name!r} for a second time")
        found[name] = parts[2]
    return found


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
