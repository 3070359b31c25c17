"""What a run shows while it goes on: in the live view, as plain lines, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tfinfra.errors import Diagnostic
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.model import Point, Task, TaskStatus


@dataclass(frozen=True)
class UnderWay:
    """A run from its first write to the cloud on: `started` in Unix seconds. `deadline` gives the moment at which it
    ends at the latest (Unix seconds), which another attempt may move, and `spent` its list price so far (US dollars, 0
    on this machine). `tasks` are all that it will have."""

    run: str
    tasks: tuple[Task, ...]
    started: float
    deadline: Callable[[], float]
    spent: Callable[[], float]


class Observer(Protocol):
    def expect(self, seconds: Mapping[str, float]) -> None:
        """How long phases took, by their names, the last time that they were gone through."""

    def under_way(self, run: UnderWay) -> None:
        """The first write to the cloud is next."""

    def begin(self, phase: str, text: str) -> None:
        """A phase has begun."""

    def progress(self, phase: str, text: str) -> None:
        """A phase goes on; any thread may call this."""

    def end(self, phase: str, seconds: float, text: str) -> None:
        """A phase has ended well."""

    def fail(self, phase: str, seconds: float, text: str) -> None:
        """A phase has ended badly."""

    def say(self, text: str) -> None:
        """Something that the user should know."""

    def interject(self, text: str) -> None:
        """The same from a signal's handler, which may have interrupted any other method: it waits for nothing."""

    def diagnose(self, diagnostic: Diagnostic) -> None:
        """A warning or notice."""

    def task(self, status: TaskStatus) -> None:
        """A task's state has changed."""

    def line(self, task: str, text: str) -> None:
        """A line of a task's log, without its end."""

    def metric(self, point: Point) -> None:
        """The metric that is shown of the run has a new value."""

    def tune(self, state: TuneState) -> None:
        """Something of a tune's trials has changed."""
