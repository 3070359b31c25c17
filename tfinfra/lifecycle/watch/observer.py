"""What a run shows while it goes on: in the live view, as plain lines, or not at all."""

from __future__ import annotations

from typing import Protocol

from tfinfra.errors import Diagnostic
from tfinfra.model import TaskStatus


class Observer(Protocol):
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

    def diagnose(self, diagnostic: Diagnostic) -> None:
        """A warning or notice."""

    def task(self, status: TaskStatus) -> None:
        """A task's state has changed."""

    def line(self, task: str, text: str) -> None:
        """A line of a task's log, without its end."""
