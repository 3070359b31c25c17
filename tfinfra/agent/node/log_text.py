"""What a terminal would show of a log: Keras redraws its progress with \\b and \\r, and only the last state counts."""

from __future__ import annotations

import re

_BACKSPACES = re.compile(rb"(\x08+)")


def collapse(lines: bytes) -> bytes:
    """`lines` (whole ones) with every redrawn line in its last state. Other bytes are kept as they are."""
    if not _is_redrawn(lines):
        return lines
    return b"\n".join(_collapse_line(line) for line in lines.split(b"\n"))


def split_lines(data: bytes) -> tuple[bytes, bytes]:
    """(whole lines, the unfinished last one)."""
    end = data.rfind(b"\n") + 1
    return data[:end], data[end:]


def _collapse_line(line: bytes) -> bytes:
    """After a \\r the text that follows replaces what was there; where nothing follows, what was there stays."""
    if not _is_redrawn(line):
        return line
    states = [text for part in line.split(b"\r") if (text := _erase(part))]
    return states[-1] if states else b""


def _is_redrawn(text: bytes) -> bool:
    return b"\r" in text or b"\b" in text


def _erase(text: bytes) -> bytes:
    """`text` with each run of backspaces having removed as many characters before it."""
    if b"\b" not in text:
        return text
    shown: list[str] = []
    for part in _BACKSPACES.split(text):
        if part.startswith(b"\b"):
            del shown[max(0, len(shown) - len(part)) :]
        else:
            shown.extend(_decode(part))
    return "".join(shown).encode("utf-8", "surrogateescape")


def _decode(part: bytes) -> str:
    return part.decode("utf-8", "surrogateescape")
