"""How a run is shown: a live view on a terminal (what is over as lines that stay, what goes on in a few rows below
them), plain lines anywhere else. Progress goes to stderr, the training script's lines to stdout."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tfinfra.cli.live_rows import LiveState, RunningPhase, live_rows, phase_line
from tfinfra.cli.output import render_diagnostics, told_by, wants_color
from tfinfra.cli.screen import Screen, one_terminal
from tfinfra.cli.verbosity import Verbosity, verbosity
from tfinfra.errors import Diagnostic
from tfinfra.lifecycle.watch.observer import Observer, UnderWay
from tfinfra.lifecycle.watch.plain_view import PlainView, QuietView, is_file, prefixed, task_text
from tfinfra.lifecycle.watch.trial_lines import TrialNews
from tfinfra.lifecycle.watch.tune_state import OVER, TuneState
from tfinfra.model import Point, TaskStatus
from tfinfra.system.clock import right_now
from tfinfra.text.cleaning import clean, clean_line

if TYPE_CHECKING:
    from rich.text import Text


class LiveView:
    """An Observer on the terminal behind stderr."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.screen = Screen(sys.stderr, self._rows)
        self._clock = clock
        self._color = wants_color()
        self._usual: Mapping[str, float] = {}
        self._run: UnderWay | None = None
        self._phases: dict[str, RunningPhase] = {}
        self._tasks: dict[str, TaskStatus] = {}
        self._metric: Point | None = None
        self._tune: TuneState | None = None
        self._trials = TrialNews()
        self._lock = threading.Lock()

    def start(self) -> None:
        self.screen.start()

    def stop(self) -> None:
        self.screen.stop()

    def expect(self, seconds: Mapping[str, float]) -> None:
        self._usual = seconds

    def under_way(self, run: UnderWay) -> None:
        self._run = run

    def begin(self, phase: str, text: str) -> None:
        with self._lock:
            self._phases[phase] = RunningPhase(phase, text, self._clock(), self._usual.get(phase))

    def progress(self, phase: str, text: str) -> None:
        with self._lock:
            known = self._phases.get(phase)
            began = known.began if known else self._clock()
            self._phases[phase] = RunningPhase(phase, text, began, self._usual.get(phase))
        if verbosity() is Verbosity.VERBOSE:
            self._print(clean_line(f"{phase}: {text}"), "dim")

    def end(self, phase: str, seconds: float, text: str) -> None:
        self._over("done", phase, seconds, text)

    def fail(self, phase: str, seconds: float, text: str) -> None:
        self._over("failed", phase, seconds, text)

    def say(self, text: str) -> None:
        self._print(clean(text), "yellow" if text.startswith("warning:") else "bold")

    def interject(self, text: str) -> None:
        self.screen.show([clean(text)])

    def diagnose(self, diagnostic: Diagnostic) -> None:
        self.screen.show([render_diagnostics((diagnostic,), self._color)])

    def task(self, status: TaskStatus) -> None:
        with self._lock:
            if not self._tasks and self._run is not None:  # they are told one by one
                self._tasks = {one.name: TaskStatus(one.name, one.node, "pending") for one in self._run.tasks}
            self._tasks[status.task] = status
            train = self._phases.get("train")
            if train is not None:  # what the nodes did before their tasks ran is over
                self._phases["train"] = RunningPhase("train", "", train.began, train.usual)
        if status.state in ("failed", "lost"):
            self._print(clean(task_text(status)), "red")

    def line(self, task: str, text: str) -> None:
        self.screen.show(prefixed(task, clean(text, color=self._color)))

    def metric(self, point: Point) -> None:
        self._metric = point

    def tune(self, state: TuneState) -> None:
        with self._lock:
            known, self._tune = self._phases.get("search"), state
            if known is not None and state.trials:  # what went before the first trial is over
                self._phases["search"] = RunningPhase("search", "", known.began, known.usual)
            news = list(self._trials.of(state))
        for trial, line in news:
            if trial.state in ("failed", "error", "lost"):
                self._print(clean(line), "red")
            elif trial.number == state.best and trial.state in OVER:
                self._print(clean(line), "green")

    def _over(self, kind: str, phase: str, seconds: float, text: str) -> None:
        with self._lock:
            self._phases.pop(phase, None)
        self.screen.show([self.screen.styled(phase_line(kind, clean_line(phase), seconds, text))])

    def _print(self, text: str, style: str) -> None:
        from rich.text import Text

        self.screen.show([self.screen.styled(Text(text, style))])

    def _rows(self, width: int, height: int) -> Sequence[Text]:
        del width
        with self._lock:
            phases = tuple(self._phases.values())
            tasks = tuple(self._tasks.values()) if "train" in self._phases else ()
            metric = self._metric if tasks else None
            tune = self._tune if "search" in self._phases else None
        return live_rows(LiveState(phases, tasks, self._run, self._clock(), metric, tune), height)


@contextmanager
def run_view(json: bool) -> Iterator[Observer]:
    """The view that fits where the output goes. With `json`, stdout is kept for the document."""
    if verbosity() is Verbosity.QUIET:
        yield QuietView(sys.stderr, sys.stderr, _diagnostic_text)
        return
    if json or not one_terminal():
        out = sys.stderr if json else sys.stdout
        yield PlainView(out, sys.stderr, _diagnostic_text, named=not is_file(out))
        return
    view = LiveView(right_now)
    view.start()
    try:
        with told_by(lambda text: view.screen.show([text])):
            yield view
    finally:
        view.stop()


def _diagnostic_text(diagnostic: Diagnostic) -> str:
    return render_diagnostics((diagnostic,), color=False)
