"""The standard streams of a command, whatever its caller made of them: closed, full, read by nobody, in any locale.
What is lost there never changes what a verb does.

stderr takes every write, and drops what cannot be written. stdout raises StdoutLost once, for the verb that only
prints, and drops the rest. `hurry` is for a process that is to end: nobody is waited for any more who does not read."""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
import threading
import time

_TICK = 0.1
"""Seconds between two looks at whether the process is to end."""
_PATIENCE = 1.0
"""Seconds that a reader has, once it is."""
_NAMES = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class StdoutLost(OSError):
    """stdout takes nothing; `__cause__` says why. Its errno is not set: libraries take EPIPE for their own."""

    @property
    def reader_has_gone(self) -> bool:
        """Whether somebody had read enough (`| head`), which is no error."""
        return isinstance(self.__cause__, BrokenPipeError)


_hurried = threading.Event()


def hurry() -> None:
    """From now on a stream that takes nothing for a second is given up. May be called by a signal's handler."""
    _hurried.set()


def own_streams() -> None:
    """Puts streams of ours in the place of Python's, for the rest of the process: call it first of all. A stream that
    came closed (`2>&-`, some schedulers) leads nowhere: left closed, its number would go to the next file that is
    opened, which then got what is printed."""
    closed = {number for number in range(3) if not _is_open(number)}
    _CAME_CLOSED.update(closed)
    for number, (name, mode) in enumerate(_NAMES):
        if number in closed:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if number == 0:
            if number in closed:
                sys.stdin = os.fdopen(number, mode, encoding="utf-8", closefd=False)
            continue
        raw = _Descriptor(number, loses_quietly=name == "stderr" or number in closed)
        setattr(sys, name, _text(raw, getattr(sys, name)))


_CAME_CLOSED: set[int] = set()


def stdin_came_closed() -> bool:
    """Whether there never was anything to read: `own_streams` has put an empty stream in its place."""
    return 0 in _CAME_CLOSED


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _text(raw: _Descriptor, before: io.TextIOWrapper | None) -> io.TextIOWrapper:
    """Text in the encoding that Python chose for the stream before; what that lacks is spelt out. UTF-8 where it is no
    encoding whose ASCII is ASCII (PYTHONIOENCODING=utf-16): each line would begin anew."""
    encoding = getattr(before, "encoding", None) or "utf-8"
    try:
        plain = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")) is False and "a".encode(encoding) == b"a"
    except LookupError:
        plain = False
    return io.TextIOWrapper(
        raw,  # as Python's own stdout is with -u: its writes are whole
        encoding=encoding if plain else "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


class _Descriptor(io.RawIOBase):
    """A descriptor whose writes are whole, or lost. It is never closed: its number is not to be given away."""

    def __init__(self, number: int, *, loses_quietly: bool) -> None:
        self._number = number
        self._quiet = loses_quietly
        self._lock = threading.RLock()  # a signal's handler may print while its thread does
        self._given_up = False

    @property
    def name(self) -> str:
        return f"<{_NAMES[self._number][0]}>"

    @property
    def mode(self) -> str:
        return "wb"

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing: see the class."""

    def write(self, given: object) -> int:
        whole = bytes(given)  # type: ignore[call-overload]
        with self._lock:
            try:
                self._write(memoryview(whole))
            except OSError as error:
                if not self._quiet:
                    self._quiet = True
                    raise StdoutLost(f"stdout takes nothing: {error.strerror or error}") from error
        return len(whole)

    def _write(self, rest: memoryview) -> None:
        while rest and not self._given_up:
            if not self._takes_any():
                self._given_up = True
                raise TimeoutError(errno.ETIMEDOUT, "nobody reads it")
            try:  # after poll(2) a pipe takes so much without a wait
                rest = rest[os.write(self._number, rest[: select.PIPE_BUF]) :]
            except BlockingIOError:  # another process has set O_NONBLOCK on what both share
                time.sleep(_TICK / 10)

    def _takes_any(self) -> bool:
        """Waits for a reader as long as it takes; where the process is to end, no longer than _PATIENCE."""
        look, hurried_at = select.poll(), None
        look.register(self._number, select.POLLOUT)
        while not look.poll(_TICK * 1000):
            if _hurried.is_set():
                hurried_at = hurried_at or time.monotonic()
                if time.monotonic() - hurried_at > _PATIENCE:
                    return False
        return True
