"""What is typed at a terminal while rows are drawn on it: an echo, such as ^C, would push the rows out of their place.
So the terminal does not echo meanwhile, and echoes again however this process ends."""

from __future__ import annotations

import os
import termios
from collections.abc import Callable
from typing import Any

_LFLAG = 3
_before: dict[int, list[Any]] = {}
_at_release: list[Callable[[], object]] = []


def is_foreground(terminal: int) -> bool:
    """Whether this process may write to the terminal's settings: those of a job in the background are its shell's. A
    terminal that is nobody's controlling one has no background."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True


def hush(terminal: int) -> None:
    """Ends the echo of the terminal behind this file descriptor, until `unhush`. May be called again and again."""
    try:
        settings = termios.tcgetattr(terminal)
        if not settings[_LFLAG] & termios.ECHO or not is_foreground(terminal):
            return
        _before.setdefault(terminal, termios.tcgetattr(terminal))
        settings[_LFLAG] &= ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(terminal, termios.TCSANOW, settings)
    except termios.error:  # it has gone, or is none
        return


def unhush(terminal: int) -> None:
    """Gives the terminal back the settings that it had."""
    settings = _before.pop(terminal, None)
    if settings is None or not is_foreground(terminal):
        return
    try:
        termios.tcsetattr(terminal, termios.TCSANOW, settings)
    except termios.error:  # it has gone
        return


def at_release(restore: Callable[[], object]) -> Callable[[], None]:
    """Has `restore` called by `release`, until the function is called that this returns."""
    _at_release.append(restore)
    return lambda: _at_release.remove(restore) if restore in _at_release else None


def release() -> None:
    """Gives every terminal back, for whoever is about to end this process at once."""
    for restore in tuple(_at_release):
        restore()
    for terminal in tuple(_before):
        unhush(terminal)
