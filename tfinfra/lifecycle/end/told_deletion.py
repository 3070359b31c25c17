"""A deletion that somebody waits for who has no view of the run: what is waited for, and how long that took the last
time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager

from tfinfra.audit.log import AuditLog
from tfinfra.lifecycle.watch.plain_view import as_last_time
from tfinfra.system.progress import Progress
from tfinfra.text.wording import spell_seconds

AGAIN = 30.0
"""Seconds after which a deletion that goes on is told again."""
PARTS = ("teardown", "verify")


class ToldDeletion:
    """`usual` are the seconds that phases took the last time; `times` is filled with what they take now, and the run's
    event log, `audit`, has each phase as that of a client at its own end has it: an audit holds one against the
    other."""

    def __init__(
        self, progress: Progress, usual: Mapping[str, float], clock: Callable[[], float], audit: AuditLog
    ) -> None:
        self.times: dict[str, float] = {}
        self._audit = audit
        self._progress = progress
        self._usual = usual
        self._clock = clock

    def begin(self, groups: Sequence[str]) -> None:
        """Says what is to be deleted."""
        told = as_last_time(sum(self._usual.get(part, 0.0) for part in PARTS), 0.0)
        self._progress(f"deleting {', '.join(groups)}" + (f" ({told})" if told else ""))

    @contextmanager
    def phase(self, name: str, text: str) -> Iterator[None]:
        """Teardown.phase: the part takes as long as it takes."""
        del text
        began = self._clock()
        self._audit.append(f"{name}.begin")
        yield
        seconds = round(self._clock() - began, 3)
        self._audit.append(f"{name}.end", seconds=seconds)
        self.times[f"{name}_seconds"] = seconds

    def wait(self, deleting: Future[dict[str, str]], groups: Sequence[str]) -> dict[str, str]:
        """Teardown.wait: what is left of the groups, each with the reason."""
        began = self._clock()
        while not wait([deleting], timeout=AGAIN).done:
            seconds = self._clock() - began
            part = "verify" if any(group.endswith("-keep") for group in groups) else "teardown"
            told = as_last_time(self._usual.get(part), seconds)
            self._progress(
                f"waiting for {', '.join(groups)} to go, for {spell_seconds(seconds)}" + (f"; {told}" if told else "")
            )
        return deleting.result()
