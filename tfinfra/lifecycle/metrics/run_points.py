"""What a run has logged, points and remarks: while its store is there out of that, afterwards out of `metrics/` beside
its outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.attached_run import came_to_nothing, must_be_readable, recorded
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.watch.home_points import FOLDER, counted, logged_at_home, never, place
from tfinfra.model import Logged, Point
from tfinfra.store import chunks_by_name, contents, keys


def run_points(found: FoundRun) -> Iterator[Point]:
    """The points of `run_logged` alone."""
    return (each for each in run_logged(found) if isinstance(each, Point))


def run_logged(found: FoundRun, odd: Counter[str] | None = None, late: Callable[[], bool] = never) -> Iterator[Logged]:
    """All points and remarks of the run, the leader's first, the nodes' own figures last, those of each in the order
    logged, until it is `late`. `odd` counts for each task the lines that are neither. Raises UsageError where there can
    be none any more, what the store raises."""
    odd = Counter() if odd is None else odd
    must_be_readable(found)
    if found.store is not None:
        chunks = chunks_by_name(found.store, keys.METRICS)
        for task in sorted(chunks, key=lambda task: place(task, leader_of(found))):
            for chunk in contents(found.store, chunks[task]):
                if late():
                    return
                yield from counted(task, chunk or b"", odd)
        return
    record = recorded(found)
    if record.came_to_nothing:
        raise came_to_nothing(record)
    if not record.fetched and not (Path(record.results) / FOLDER).is_dir():
        raise UsageError(f"the metrics of {record.run} were never fetched, and went with its groups")
    yield from logged_at_home(Path(record.results), leader_of(found), odd, late)


def leader_of(found: FoundRun) -> str | None:
    """The task whose metrics count first, None where no record says so."""
    return found.record.leader if found.record is not None else None
