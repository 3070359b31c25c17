"""The last rows of a terminal, drawn again and again, below lines that stay. One thread writes; all others hand in
lines, which takes no lock, so that a signal's handler may too.

It holds on a terminal of any size, and on one that changes it; where keys are typed meanwhile; where the process is
stopped (Ctrl-Z) and continued, also in the background, where only lines are written; and where the terminal goes, or
takes nothing more."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from tfinfra.lifecycle.run.signals import leave_terminal
from tfinfra.system.process.typed_keys import at_release, hush, is_foreground, unhush

if TYPE_CHECKING:
    from rich.text import Text

TICK = 0.1
"""Seconds between two looks at what there is to draw."""
MOST_WAITING = 20_000
"""Lines that wait for a terminal that takes none. What comes then is left out: it must not stop a run."""
_LAST_TRY = 0.5
_FATAL = (signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
_NO_WRAP, _WRAP, _CLEAR_BELOW = "\x1b[?7l", "\x1b[?7h", "\x1b[J"

Draw = Callable[[int, int], Sequence["Text"]]
"""The rows that fit a terminal of so many columns and lines."""


class Screen:
    """Use `start`, `show` and `stop`, as often as wished; `stop` leaves only the lines on the terminal."""

    def __init__(self, stream: TextIO, draw: Draw) -> None:
        from rich.console import Console

        self._stream = stream
        self._draw = draw
        self._console = Console(file=io.StringIO(), highlight=False, force_terminal=True, soft_wrap=True)
        self._waiting: deque[str] = deque()
        self._left_out = 0
        self._lock = threading.RLock()
        self._painter: threading.Thread | None = None
        self._ended = False
        self._gone = False
        self._drawn: list[int] = []  # the widths of the rows on the terminal, of which the cursor is in the last
        self._shown: tuple[str, int] = ("", 0)
        self._rests = False
        self._unregister: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to draw. On the main thread also stops and goes on with Ctrl-Z and `fg`."""
        self._ended = False
        hush(self._fd)
        self._unregister = at_release(self._release)
        for number, handler in self._own_handlers():
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, handler)
        self._painter = threading.Thread(target=self._paint_on, name="screen", daemon=True)
        self._painter.start()

    def stop(self) -> None:
        """Writes what waits, takes the rows away, and lets the terminal echo again."""
        self._ended = True
        if self._painter is not None:
            self._painter.join()
            self._painter = None
        self.paint(rows=False)
        unhush(self._fd)
        self._unregister()
        for number, handler in self._own_handlers():
            if signal.getsignal(number) == handler:
                signal.signal(number, signal.SIG_DFL)

    def show(self, lines: Iterable[str]) -> None:
        """Adds lines that stay. What they hold is written as it stands: it must be clean."""
        for line in lines:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(line)
            else:
                self._left_out += 1

    def styled(self, text: Text) -> str:
        """The text as this terminal shows its styles."""
        with self._console.capture() as captured:
            self._console.print(text, end="")
        return captured.get()

    @property
    def _fd(self) -> int:
        return self._stream.fileno()

    def _paint_on(self) -> None:
        while not self._ended:
            self.paint()
            time.sleep(TICK)

    def paint(self, *, rows: bool = True) -> None:
        """Writes what waits, and draws the rows anew below it."""
        with self._lock:
            rows = rows and not self._rests and is_foreground(self._fd)
            if rows:
                hush(self._fd)  # a shell that continued this process may have changed it
            width, height = terminal_size(self._fd)
            drawn = [self._fit(row, width) for row in self._draw(width, height)] if rows else []
            painted = "\n".join(self.styled(row) for row in drawn)
            lines = self._taken()
            if not lines and (painted, width) == self._shown:
                return
            text = self._back(width) + "".join(f"{line}\n" for line in lines)
            self._drawn, self._shown = [row.cell_len for row in drawn], (painted, width)
            self._write(text + (f"{_NO_WRAP}{painted}{_WRAP}" if drawn else ""))

    def _fit(self, row: Text, width: int) -> Text:
        """One row of the terminal, whose last column stays free: some wrap as soon as that is written."""
        row.truncate(max(1, width - 1), overflow="ellipsis")
        return row

    def _taken(self) -> list[str]:
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if self._left_out and len(self._waiting) < MOST_WAITING:
            lines.append(f"… {self._left_out} lines are not shown: this terminal took none; they come home in the logs")
            self._left_out = 0
        return lines

    def _back(self, width: int) -> str:
        """From the end of the drawn rows to their begin, and nothing below. A terminal that became narrower has wrapped
        them, unless it is one that cuts."""
        if not self._drawn:
            return ""
        rows = sum(max(1, -(-cells // width)) if _wraps_anew() else 1 for cells in self._drawn)
        return "\r" + (f"\x1b[{rows - 1}A" if rows > 1 else "") + _CLEAR_BELOW

    def _write(self, text: str) -> None:
        if self._gone:
            return
        data = text.encode(self._stream.encoding or "utf-8", "replace")
        try:
            self._stream.flush()
            while data:
                try:
                    data = data[os.write(self._fd, data) :]
                except BlockingIOError:  # another process has made the terminal non-blocking
                    select.select([], [self._fd], [], TICK)
        except OSError:
            leave_terminal()
            self._gone = not self._stream.isatty()

    # Signals

    def _own_handlers(self) -> Iterator[tuple[signal.Signals, Callable[[int, FrameType | None], None]]]:
        if threading.current_thread() is threading.main_thread():  # no other thread may handle signals
            yield signal.SIGTSTP, self._suspend
            yield from ((number, self._die) for number in _FATAL)

    def _suspend(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: the terminal is the shell's until this process is continued."""
        del frame
        self._rests = True
        self._release()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._suspend)
        self._rests = False

    def _die(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._rests = True
        self._release()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _release(self) -> None:
        """Takes the rows away and lets the terminal echo again, within half a second: one that takes nothing may hold
        the painter for ever."""
        if self._lock.acquire(timeout=_LAST_TRY):
            try:
                self.paint(rows=False)
            finally:
                self._lock.release()
        unhush(self._fd)


def terminal_size(terminal: int) -> tuple[int, int]:
    """Columns and lines; 80 and 24 where the terminal does not know."""
    try:
        size = os.get_terminal_size(terminal)
    except OSError:
        return 80, 24
    return size.columns or 80, size.lines or 24


def one_terminal() -> bool:
    """Whether stdout and stderr are the same terminal, and one that can move its cursor."""
    try:
        same = os.fstat(sys.stdout.fileno()).st_rdev == os.fstat(sys.stderr.fileno()).st_rdev
        return same and sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in _DUMB
    except (OSError, ValueError, AttributeError):  # closed, or none at all
        return False


_DUMB = ("", "dumb", "unknown")


def _wraps_anew() -> bool:
    """Whether the terminal wraps its lines anew when it becomes narrower: all do but xterm itself, GNU screen and the
    console of Linux."""
    cuts = "XTERM_VERSION" in os.environ or "STY" in os.environ or os.environ.get("TERM") == "linux"
    return not cuts
