"""A run as plain lines: shown where there is no terminal, and what a background run leaves in its client.log."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from typing import TextIO

from tfinfra.errors import Diagnostic
from tfinfra.model import TaskStatus
from tfinfra.text.cleaning import clean
from tfinfra.text.wording import spell_seconds


class PlainView:
    """One line for each thing that happens, with its phase in front; the script's lines to `out`, with their task in
    front where they are to be `named`."""

    def __init__(
        self, out: TextIO, progress: TextIO, render: Callable[[Diagnostic], str], *, named: bool = True
    ) -> None:
        self._out = out
        self._progress = progress
        self._render = render
        self._named = named
        self._lock = threading.Lock()

    def begin(self, phase: str, text: str) -> None:
        self._tell(f"[{phase}] {text}")

    def progress(self, phase: str, text: str) -> None:
        self._tell(f"[{phase}] {text}")

    def end(self, phase: str, seconds: float, text: str) -> None:
        del text
        self._tell(f"[{phase}] done in {spell_seconds(seconds)}")

    def fail(self, phase: str, seconds: float, text: str) -> None:
        self._tell(f"[{phase}] failed after {spell_seconds(seconds)}: {text}")

    def say(self, text: str) -> None:
        self._tell(text)

    def diagnose(self, diagnostic: Diagnostic) -> None:
        self._tell(self._render(diagnostic))

    def task(self, status: TaskStatus) -> None:
        self._tell(f"[train] {task_text(status)}")

    def line(self, task: str, text: str) -> None:
        self._write(self._out, "\n".join(prefixed(task, clean(text)) if self._named else (clean(text),)))

    def _tell(self, text: str) -> None:
        self._write(self._progress, clean(text))

    def _write(self, stream: TextIO, text: str) -> None:
        """A reader that has gone (a closed terminal, `| head`) must not end the run."""
        with self._lock:
            try:
                print(text, file=stream, flush=True)
            except (OSError, ValueError):
                return


def is_file(stream: TextIO) -> bool:
    """Whether what is written ends in a file: a script's lines are kept there, not shown among others."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # a stream of Python's own
        return False


def prefixed(task: str, text: str) -> list[str]:
    """The lines of `text`, each saying whose it is."""
    return [f"{task} | {line}" for line in text.split("\n")]


def task_text(status: TaskStatus) -> str:
    """ "worker-1 on node 1 failed with exit status 3: …"."""
    who = f"{status.task} on node {status.node}"
    if status.message and status.message.startswith(who):
        return status.message
    text = f"{who} {status.state}"
    if status.exit_status is not None and status.state == "failed":
        text += f" with exit status {status.exit_status}"
    return text + (f": {status.message}" if status.message else "")
