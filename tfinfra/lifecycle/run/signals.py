"""Ctrl-C, TERM and HUP while a run is driven: the first asks it to stop and delete, the second leaves at once. Another
tfinfra sends TERM too: it leaves word of that in the run's folder first."""

from __future__ import annotations

import errno
import os
import signal
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from tfinfra.errors import Cancelled
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.system.process import interruption, streams
from tfinfra.system.process.interruption import is_nohup

WORD = "asked-to-end"
"""The file in a run's folder that says who sends TERM."""


def leave_word(folder: Path, who: str) -> None:
    """Says to the client of the run of `folder` who is about to end it, as far as this disk takes it."""
    with suppress(OSError):
        (folder / WORD).write_text(who, encoding="utf-8")


@contextmanager
def interruptible(
    interrupt: Interrupt,
    run: str,
    say: Callable[[str], object] | None = None,
    leave: Callable[[str, str], object] = interruption.leave,
    *,
    folder: Path | None = None,
    deletes: bool = True,
) -> Iterator[None]:
    """Handles the signals inside the block; call it on the main thread. `leave` ends the process, saying what it is
    given; `folder` is the run's; `deletes` says whether the run's end deletes anything in its cloud. After the block
    signals change nothing: the run has ended."""
    tell = say or _tell

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        leave_terminal()
        streams.hurry()
        name = "Ctrl-C" if number == signal.SIGINT else _sender(number, folder)
        if interrupt.requested:
            left = f"left at once; `tfinfra down {run}` deletes what there still is of it (its deadline does, at last)"
            leave(left, run)
            return
        interrupt.request(Cancelled(f"{name} ended the run"))
        what = f"stopping {run} and deleting everything" if deletes else f"stopping the tasks of {run}"
        tell(f"{name}: {what}; once more leaves at once")

    before = {number: signal.signal(number, handle) for number in interruption.SIGNALS if not is_nohup(number)}
    try:
        yield
    finally:
        interruption.settle()
        for number, handler in before.items():
            signal.signal(number, handler)


def _sender(number: int, folder: Path | None) -> str:
    """Who ended the run, where somebody left word of it: a batch system and a killer leave none."""
    if number == signal.SIGTERM and folder is not None:
        with suppress(OSError, ValueError):
            word = folder / WORD
            who = word.read_text(encoding="utf-8")
            word.unlink()  # the next TERM may be a batch system's
            return who
    return signal.Signals(number).name


@contextmanager
def outliving_terminal() -> Iterator[None]:
    """Lets the block go on where its terminal closes, as what deletes a run must; call it on the main thread. Ctrl-C
    and TERM still end it: those mean it."""

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        leave_terminal()

    if is_nohup(signal.SIGHUP):
        yield
        return
    before = signal.signal(signal.SIGHUP, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def telling(tell: Callable[[str], None]) -> Callable[[str], None]:
    """`tell` for what goes on without its terminal: a job that its shell has disowned hears of that by no signal."""

    def tell_on(text: str) -> None:
        leave_terminal()
        tell(text)

    return tell_on


def leave_terminal() -> None:
    """Turns standard streams whose terminal is gone to nowhere: each write there fails (EIO), and a run that has lost
    its terminal still has all its deleting to do."""
    for number in range(3):
        try:
            termios.tcgetattr(number)
        except termios.error as error:
            if not error.args or error.args[0] != errno.EIO:  # what is no terminal says ENOTTY, what is closed EBADF
                continue
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            os.close(nowhere)


def _tell(text: str) -> None:
    """Writes to stderr below Python's buffers: the handler may have interrupted a write into them."""
    with suppress(OSError):
        os.write(2, f"\n{text}\n".encode())
