"""A run as plain lines: shown where there is no terminal, and what a background run leaves in its client.log."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TextIO

from tfinfra.errors import Diagnostic, Severity
from tfinfra.lifecycle.watch.observer import UnderWay
from tfinfra.lifecycle.watch.trial_lines import TrialNews
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.model import Point, TaskStatus
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
        self._usual: Mapping[str, float] = {}
        self._trials = TrialNews()
        self._lock = threading.Lock()

    def expect(self, seconds: Mapping[str, float]) -> None:
        self._usual = seconds

    def under_way(self, run: UnderWay) -> None:
        """The lines say nothing that changes by itself."""

    def begin(self, phase: str, text: str) -> None:
        usual = as_last_time(self._usual.get(phase), 0.0)
        self._tell(f"[{phase}] {text}" + (f" ({usual})" if usual else ""))

    def progress(self, phase: str, text: str) -> None:
        self._tell(f"[{phase}] {text}")

    def end(self, phase: str, seconds: float, text: str) -> None:
        del text
        self._tell(f"[{phase}] done in {spell_seconds(seconds)}")

    def fail(self, phase: str, seconds: float, text: str) -> None:
        self._tell(f"[{phase}] failed after {spell_seconds(seconds)}: {text}")

    def say(self, text: str) -> None:
        self._tell(text)

    def interject(self, text: str) -> None:
        with suppress(OSError, ValueError):  # below Python's buffers: a write into them may have been interrupted
            os.write(self._progress.fileno(), f"\n{clean(text)}\n".encode())

    def diagnose(self, diagnostic: Diagnostic) -> None:
        self._tell(self._render(diagnostic))

    def task(self, status: TaskStatus) -> None:
        self._tell(f"[train] {task_text(status)}")

    def line(self, task: str, text: str) -> None:
        self._write(self._out, "\n".join(prefixed(task, clean(text)) if self._named else (clean(text),)))

    def metric(self, point: Point) -> None:
        """The script's own lines say it, and `tfinfra metrics` has all."""

    def tune(self, state: TuneState) -> None:
        for _, line in self._trials.of(state):
            self._tell(f"[search] {line}")

    def _tell(self, text: str) -> None:
        self._write(self._progress, clean(text))

    def _write(self, stream: TextIO, text: str) -> None:
        """A reader that has gone (a closed terminal, `| head`) must not end the run."""
        with self._lock:
            try:
                print(text, file=stream, flush=True)
            except (OSError, ValueError):
                return


class QuietView(PlainView):
    """Warnings alone: errors, and how the run ended, are told at its end."""

    def begin(self, phase: str, text: str) -> None:
        """What goes on is not told."""

    def progress(self, phase: str, text: str) -> None:
        """As above."""

    def end(self, phase: str, seconds: float, text: str) -> None:
        """As above."""

    def fail(self, phase: str, seconds: float, text: str) -> None:
        """As above."""

    def task(self, status: TaskStatus) -> None:
        """As above."""

    def line(self, task: str, text: str) -> None:
        """As above."""

    def tune(self, state: TuneState) -> None:
        """As above."""

    def say(self, text: str) -> None:
        if text.startswith("warning:"):
            super().say(text)

    def diagnose(self, diagnostic: Diagnostic) -> None:
        if diagnostic.severity is not Severity.NOTICE:
            super().diagnose(diagnostic)


LONG = 5.0
"""Seconds from which on a phase is worth a word on how long it takes."""


def as_last_time(usual: float | None, seconds: float) -> str:
    """ "about 40 s, as last time" of a phase that goes on for `seconds`; "" of a short one, and where nothing is
    known."""
    if usual is None or usual < LONG:
        return ""
    told = spell_seconds(usual)
    return f"about {told}, as last time" if seconds <= usual else f"longer than last time ({told})"


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
    if status.message and status.message.startswith(who) and not status.cut_off:
        return status.message
    text = f"{who} {status.state}"
    if status.exit_status is not None and status.state == "failed":
        text += f" with exit status {status.exit_status}"
    if status.cut_off:  # most often its launcher ended it for another, whose own end is told
        return text
    return text + (f": {status.message}" if status.message else "")
