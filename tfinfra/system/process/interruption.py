"""Ctrl-C, TERM and HUP to a command, at any moment of it: the first ends the verb, which says what is left; the second
leaves at once. A verb that drives a run has handlers of its own meanwhile (lifecycle/run/signals.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from tfinfra.system.process import streams
from tfinfra.system.process.typed_keys import release

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CANCELLED = 8
"""The exit code of what was interrupted (errors.Cancelled, which is too much to load here)."""
_MOMENT = 0.002
"""Seconds until an interruption is tried again that came at a bad moment."""
Farewell = Callable[[str, str | None], object]
"""Takes one line for the user, who is told no more, and the run that it is about: the process ends next."""


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end; its text names the signal as a user does."""


class _Process:
    """What signals have been to this process, and what one more would be."""

    def __init__(self) -> None:
        self.farewell: Farewell = lambda *_: None
        self.seen = self.held = 0
        self.begun = self.over = False
        self.exit_code: int | None = None
        self.pending: int | None = None


_process = _Process()


def begin(farewell: Farewell) -> None:
    """Handles the signals for the rest of the process; call it on the main thread. `farewell` is given what there is to
    say where a signal leaves at once: the second one does, and any before a verb begins."""
    _process.farewell = farewell
    for number in SIGNALS:
        if not is_nohup(number):
            signal.signal(number, _handle)
    signal.signal(signal.SIGALRM, _raise)


def is_nohup(number: signal.Signals) -> bool:
    """Whether the command was started by nohup, to outlive its terminal. An ignored Ctrl-C means nothing of the kind:
    shells start every background job with that."""
    return number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


def name_of(number: int) -> str:
    """What a user calls a signal."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def leave(line: str, run: str | None = None) -> NoReturn:
    """Ends the process now, after its farewell; a terminal gets back what was taken of it."""
    _process.over = True
    streams.hurry()
    try:
        release()
        _process.farewell(line, run)
    finally:
        os._exit(CANCELLED)


def settle(exit_code: int | None = None) -> None:
    """What was to be done is done, and is only told from here on: the first signal makes nobody wait for that, and
    changes nothing of how it ends. With `exit_code` it has been told too: a second signal ends the process with it."""
    _process.over, _process.exit_code = True, exit_code


def begin_verb() -> None:
    """A verb begins in this process: from here on the first signal raises Interrupted."""
    _process.begun, _process.over, _process.seen, _process.pending = True, False, 0, None


def is_behind(raised: BaseException) -> bool:
    """Whether an interruption brought this exception about: Python puts another in its place where it meets one in the
    middle of a class (`__set_name__`), and some libraries do."""
    chain: list[BaseException] = []
    at: BaseException | None = raised
    while at is not None and at not in chain:
        chain.append(at)
        at = at.__cause__ or at.__context__
    return any(isinstance(each, KeyboardInterrupt) for each in chain)


@contextmanager
def held() -> Iterator[None]:
    """A signal waits for nothing in this block and does not end it: it is short, and does not work by halves."""
    _process.held += 1
    try:
        yield
    finally:
        _process.held -= 1


def _handle(number: int, frame: FrameType | None) -> None:
    """Imports nothing: the interrupted frame may hold what an import waits for."""
    streams.hurry()
    _process.seen += 1
    if _process.exit_code is not None:
        if _process.seen > 1:
            os._exit(_process.exit_code)
    elif _process.seen > 1:
        leave("left at once")
    elif not _process.begun:
        leave("cancelled; nothing was begun")
    else:
        _process.pending = number
        _raise(number, frame)


def _raise(number: int, frame: FrameType | None) -> None:
    """Raises Interrupted for the first signal; a moment later where Python's import system is at work: its locks, left
    in the middle, would keep the next import waiting for ever."""
    del number
    if _process.over or _process.held or _process.pending is None:
        return
    if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        signal.setitimer(signal.ITIMER_REAL, _MOMENT)
        return
    pending, _process.pending = _process.pending, None
    raise Interrupted(name_of(pending))
