"""What a terminal shows in the end of a line that a program draws again and again: Keras erases its progress bar with
\\b and \\r, and only the last state counts."""

from __future__ import annotations

import re

_BACKSPACES = re.compile("(\b+)")


def redrawn(line: str) -> str:
    """`line` in its last state. After a carriage return the text that follows replaces what was shown; where none
    follows, that stays. A run of backspaces removes as many characters before it, back to the carriage return."""
    return next((state for part in reversed(line.split("\r")) if (state := _erased(part))), "")


def collapse(lines: bytes) -> bytes:
    """`lines` (whole ones, of a log) with every redrawn line in its last state; other bytes are kept as they are, also
    those that are not UTF-8."""
    if b"\r" not in lines and b"\b" not in lines:
        return lines
    text = lines.decode("utf-8", "surrogateescape")
    return "\n".join(redrawn(line) for line in text.split("\n")).encode("utf-8", "surrogateescape")


def _erased(text: str) -> str:
    if "\b" not in text:
        return text
    shown: list[str] = []
    for part in _BACKSPACES.split(text):
        if part.startswith("\b"):
            del shown[max(0, len(shown) - len(part)) :]
        else:
            shown.extend(part)
    return "".join(shown)
