"""What a terminal shows in the end of a line that a program draws again and again: Keras takes its progress bar back
with \\b and \\r, and only the last state counts."""

from __future__ import annotations

import re

_BACKSPACES = re.compile("(\b+)")


def redrawn(line: str) -> str:
    """`line` in its last state: see last_state."""
    return last_state(line)[0]


def last_state(line: str) -> tuple[str, str, bool]:
    """What a terminal shows of `line`; the characters that take its cursor from the end of that to where it is; and
    whether it was drawn anew after a carriage return.

    After a carriage return the text that follows replaces what was shown; where none follows, that stays. A backspace
    moves the cursor back, and what follows overwrites what was there.
    """
    parts = line.split("\r")
    for index in range(len(parts) - 1, -1, -1):
        shown, back = _overwritten(parts[index])
        if shown:
            return shown, "\b" * back if index == len(parts) - 1 else "\r", index > 0
    return "", "", False


def collapse(lines: bytes) -> bytes:
    """`lines` (whole ones, of a log) with every redrawn line in its last state; other bytes are kept as they are, also
    those that are not UTF-8."""
    if b"\r" not in lines and b"\b" not in lines:
        return lines
    text = lines.decode("utf-8", "surrogateescape")
    return "\n".join(redrawn(line) for line in text.split("\n")).encode("utf-8", "surrogateescape")


def _overwritten(text: str) -> tuple[str, int]:
    """The text, and how many characters before its end the cursor is."""
    if "\b" not in text:
        return text, 0
    shown: list[str] = []
    position = 0
    for part in _BACKSPACES.split(text):
        if part.startswith("\b"):
            position = max(0, position - len(part))
        else:
            shown[position : position + len(part)] = part
            position += len(part)
    return "".join(shown), len(shown) - position
