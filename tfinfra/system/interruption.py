"""Ctrl-C, TERM and HUP to a command, at any moment of it: the first ends the verb, which says what is left; the second
leaves at once. A verb that drives a run has handlers of its own meanwhile (lifecycle/run/signals.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from tfinfra.system import streams

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CANCELLED = 8
"""The exit code of what was interrupted (errors.Cancelled, which is too much to load here)."""
Farewell = Callable[[str], object]
"""Takes one line for the user, who is told no more: the process ends next."""


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end; its text names the signal as a user does."""


class _Process:
    """What signals have been to this process, and what one more would be."""

    def __init__(self) -> None:
        self.farewell: Farewell = str
        self.seen = self.held = 0
        self.over = False
        self.exit_code: int | None = None


_process = _Process()


def begin(farewell: Farewell) -> None:
    """Handles the signals for the rest of the process; call it on the main thread. `farewell` is given what there is to
    say where a second signal leaves at once."""
    _process.farewell = farewell
    for number in SIGNALS:
        if not is_nohup(number):
            signal.signal(number, _handle)


def is_nohup(number: signal.Signals) -> bool:
    """Whether the command was started by nohup, to outlive its terminal. An ignored Ctrl-C means nothing of the kind:
    shells start every background job with that."""
    return number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


def name_of(number: int) -> str:
    """What a user calls a signal."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def leave(line: str) -> NoReturn:
    """Ends the process now, after its farewell; a terminal gets back what was taken of it."""
    from tfinfra.system.typed_keys import release

    _process.over = True
    streams.hurry()
    try:
        release()
        _process.farewell(line)
    finally:
        os._exit(CANCELLED)


def settle(exit_code: int | None = None) -> None:
    """What was to be done is done, and is only told from here on: the first signal makes nobody wait for that, and
    changes nothing of how it ends. With `exit_code` it has been told too: a second signal ends the process with it."""
    _process.over, _process.exit_code = True, exit_code


def unsettle() -> None:
    """Another verb begins in this process."""
    _process.over, _process.seen = False, 0


@contextmanager
def held() -> Iterator[None]:
    """A signal waits for nothing in this block and does not end it: it is short, and does not work by halves."""
    _process.held += 1
    try:
        yield
    finally:
        _process.held -= 1


def _handle(number: int, frame: FrameType | None) -> None:
    del frame
    streams.hurry()
    _process.seen += 1
    if _process.exit_code is not None:
        if _process.seen > 1:
            os._exit(_process.exit_code)
    elif _process.seen > 1:
        leave("left at once")
    elif not _process.over and not _process.held:
        raise Interrupted(name_of(number))
