"""How a run is shown: a live view on a terminal (phases with times, tasks with state, the leader's lines above them),
plain lines anywhere else. Progress goes to stderr, the training script's lines to stdout."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tfinfra.cli.output import render_diagnostics
from tfinfra.errors import Diagnostic
from tfinfra.lifecycle.run.signals import leave_terminal
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.lifecycle.watch.plain_view import PlainView, is_file, prefixed, task_text
from tfinfra.model import TaskStatus
from tfinfra.system.clock import right_now
from tfinfra.text.cleaning import clean
from tfinfra.text.wording import spell_seconds

_TASK_ROWS = 16
"""Tasks that the live view lists one by one; more are only counted."""


@dataclass
class _Phase:
    name: str
    text: str
    began: float
    seconds: float | None = None
    failed: bool = False


class LiveView:
    """An Observer on a terminal. Use as `with live_view() as view`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        from rich.console import Console
        from rich.live import Live

        self._clock = clock
        self._phases: dict[str, _Phase] = {}
        self._tasks: dict[str, TaskStatus] = {}
        self._lock = threading.RLock()
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = Live(get_renderable=self._render, console=self.console, refresh_per_second=8, transient=False)

    def start(self) -> None:
        with _whatever_the_terminal():
            self._live.start()

    def stop(self) -> None:
        with _whatever_the_terminal():
            self._live.stop()

    def begin(self, phase: str, text: str) -> None:
        with self._lock:
            self._phases[phase] = _Phase(phase, text, self._clock())

    def progress(self, phase: str, text: str) -> None:
        with self._lock:
            known = self._phases.setdefault(phase, _Phase(phase, text, self._clock()))
            known.text = text

    def end(self, phase: str, seconds: float, text: str) -> None:
        with self._lock:
            self._phases[phase] = _Phase(phase, text, 0.0, seconds)

    def fail(self, phase: str, seconds: float, text: str) -> None:
        with self._lock:
            self._phases[phase] = _Phase(phase, text, 0.0, seconds, failed=True)

    def say(self, text: str) -> None:
        self._print(clean(text), style="bold")

    def diagnose(self, diagnostic: Diagnostic) -> None:
        self._print(_diagnostic_text(diagnostic), style="yellow")

    def task(self, status: TaskStatus) -> None:
        with self._lock:
            self._tasks[status.task] = status

    def line(self, task: str, text: str) -> None:
        from rich.text import Text

        with _whatever_the_terminal():
            for row in prefixed(task, clean(text, color=True)):
                self.console.print(Text.from_ansi(row))

    def _print(self, text: str, style: str = "") -> None:
        from rich.text import Text

        with _whatever_the_terminal():
            self.console.print(Text(text, style=style))

    def _render(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        with self._lock:
            phases, tasks = tuple(self._phases.values()), tuple(self._tasks.values())
        for phase in phases:
            ended = phase.seconds is not None
            mark, style = ("✗", "red") if phase.failed else ("✓", "green") if ended else ("…", "cyan")
            seconds = self._clock() - phase.began if phase.seconds is None else phase.seconds
            text = Text(_in_one_line(phase.text), "dim")
            table.add_row(Text(mark, style), Text(phase.name), Text(spell_seconds(seconds), "dim"), text)
        if len(tasks) > _TASK_ROWS:
            counts = Counter(task.state for task in tasks)
            return Group(table, Text("  tasks: " + ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))))
        colors = {"running": "cyan", "succeeded": "green", "failed": "red", "lost": "red"}
        rows = (Text("  " + _in_one_line(task_text(task)), colors.get(task.state, "dim")) for task in tasks)
        return Group(table, *rows)


@contextmanager
def _whatever_the_terminal() -> Iterator[None]:
    """A terminal that is gone ends no run: what is shown there leads nowhere from then on."""
    try:
        yield
    except OSError:
        leave_terminal()


def _in_one_line(text: str) -> str:
    """Clean, also where it is wrapped: what begins a word may come to begin a line."""
    return clean("\n".join(text.split())).replace("\n", " ")


@contextmanager
def run_view(json: bool) -> Iterator[Observer]:
    """The view that fits where the output goes. With `json`, stdout is kept for the document."""
    if json or not (sys.stdout.isatty() and sys.stderr.isatty()):
        out = sys.stderr if json else sys.stdout
        yield PlainView(out, sys.stderr, _diagnostic_text, named=not is_file(out))
        return
    view = LiveView(right_now)
    view.start()
    try:
        yield view
    finally:
        view.stop()


def _diagnostic_text(diagnostic: Diagnostic) -> str:
    return render_diagnostics((diagnostic,), color=False)
