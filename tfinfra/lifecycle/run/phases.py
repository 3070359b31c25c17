"""What all phases of a run share: each is told to the observer and the audit log, and each can be interrupted, by the
user or by the run's deadline, at any moment at which the client waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from tfinfra.audit.log import AuditLog
from tfinfra.errors import LimitReached, TfinfraError, first_line
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.model.spec import limit_key
from tfinfra.money.budget import Deadline
from tfinfra.text.masking import redact

T = TypeVar("T")
TICK = 0.1


class Interrupt:
    """Why a run should end before its training does: the first request counts. Any thread may ask."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._error: TfinfraError | None = None

    def request(self, error: TfinfraError) -> None:
        if not self._event.is_set():
            self._error = error
            self._event.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises what was asked for."""
        if self._event.is_set() and self._error is not None:
            raise self._error


class Session:
    """One run as its client drives it. `deadline` is None before the first write to the cloud."""

    def __init__(self, observer: Observer, audit: AuditLog, interrupt: Interrupt, clock: Callable[[], float]) -> None:
        self.observer = observer
        self.audit = audit
        self.interrupt = interrupt
        self.clock = clock
        self.deadline: Deadline | None = None
        self.times: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str, text: str, **fields: Any) -> Iterator[None]:
        """Tells the beginning and the end of a phase; `fields` go to the audit log."""
        began = self.clock()
        self.observer.begin(name, text)
        self.audit.append(f"{name}.begin", **fields)
        try:
            yield
        except BaseException as error:
            seconds, reason = self.clock() - began, redact(str(error) or type(error).__name__)
            self.audit.append(f"{name}.fail", seconds=round(seconds, 3), error=reason)
            self.observer.fail(name, seconds, first_line(reason))
            raise
        seconds = self.clock() - began
        self.times[name] = round(seconds, 3)
        self.audit.append(f"{name}.end", seconds=round(seconds, 3))
        self.observer.end(name, seconds, text)

    def check(self) -> None:
        """Raises what interrupts the run: the user's request, or LimitReached at the deadline."""
        self.interrupt.check()
        if self.deadline is not None and self.clock() >= self.deadline.at:
            raise LimitReached(f"the run reached its {limit_key(self.deadline.limit)}")

    def wait(self, future: Future[T], tick: Callable[[], object] = lambda: None, interval: float = TICK) -> T:
        """The future's result, calling `tick` every `interval` seconds. Raises what interrupts the run."""
        while not wait([future], timeout=interval).done:
            self.check()
            tick()
        return future.result()

    def progress(self, phase: str) -> Callable[[str], None]:
        """A function that tells the observer how `phase` goes on."""
        return lambda text: self.observer.progress(phase, text)
