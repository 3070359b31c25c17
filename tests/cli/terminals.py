"""A person's terminal: a real pseudo-terminal, with a model of what it shows (pyte)."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]


class Terminal:
    """A terminal with a program in it. `lines` is all that it shows, with what has scrolled away; `obeyed` counts what
    the program sent besides text."""

    def __init__(self, pid: int, master: int, columns: int, lines: int) -> None:
        self.pid = pid
        self.master = master
        self.sent = b""
        self.status: int | None = None
        self._screen = pyte.HistoryScreen(columns, lines, history=5000, ratio=1.0)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def display(self) -> list[str]:
        return [row.rstrip() for row in self._screen.display]

    @property
    def lines(self) -> list[str]:
        above = ["".join(row[x].data for x in sorted(row)).rstrip() for row in self._screen.history.top]
        below = self.display
        while below and not below[-1]:
            below.pop()
        return [*above, *below]

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def until(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        """Shows what comes until `done`, or the program has ended."""
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, "\n".join(self.lines)
            if not self.read():
                assert done(), "\n".join(self.lines)
                return

    def shows(self, text: str) -> None:
        self.until(lambda: text in "\n".join(self.lines))

    def read(self) -> bool:
        """Whether the program is still there."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # its end, on Linux
            return False
        self.sent += data
        self._stream.feed(data)
        return bool(data)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._screen.resize(lines, columns)

    def ends(self) -> int:
        """Reads on until the program has ended; its exit code, negative for a signal."""
        while self.read():
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status


@contextmanager
def terminal(command: Sequence[str], columns: int = 80, lines: int = 24, **environ: str) -> Iterator[Terminal]:
    """The command in a terminal of its own, from tfinfra's folder unless it changes that."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        clean = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.execvpe(command[0], list(command), {**clean, "TERM": "xterm-256color", "PYTHONUTF8": "1", **environ})
    here = Terminal(pid, master, columns, lines)
    try:
        yield here
    finally:
        if here.status is None:
            with suppress(OSError):
                os.kill(pid, 9)
            os.waitpid(pid, 0)
        os.close(master)


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", program, *arguments]
