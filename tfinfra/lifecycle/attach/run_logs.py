"""A run's logs, while it goes on out of its store, afterwards as they lie on this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfinfra.errors import TfinfraError, UsageError
from tfinfra.lifecycle.attach.attached_run import came_to_nothing, must_be_readable, recorded
from tfinfra.lifecycle.attach.followed_logs import FollowedLogs, merged
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.of_a_tune import is_tune, trials_have
from tfinfra.lifecycle.record.in_store.store_view import read_view
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.lifecycle.watch.home_log import read_log
from tfinfra.lifecycle.watch.log_reader import LogLine, LogReader, lines_in_pieces, tail_start
from tfinfra.store import keys, store_errors
from tfinfra.system.clock import Clock, SystemClock
from tfinfra.system.progress import Progress, say_nothing


@dataclass(frozen=True)
class WantedLogs:
    """`task` is whose log is wanted, None: the leader's, or with `everybody` those of all tasks by their times; `tail`
    how many lines of what there is by now, None: all; with `follow` also what comes until the run has ended."""

    task: str | None = None
    everybody: bool = False
    follow: bool = False
    tail: int | None = None


def log_names(found: FoundRun, wanted: WantedLogs) -> list[str]:
    """Whose logs are wanted, the leader's first. Raises UsageError where no task is known, and for a tune, which has
    none of its own."""
    must_be_readable(found)
    if wanted.task is not None:
        return [wanted.task]
    if is_tune(found):
        raise trials_have(found, "logs", "logs")
    known = _tasks(found)
    if not known:
        return [recorded(found).leader]
    return known if wanted.everybody else known[:1]


def log_lines(
    found: FoundRun, wanted: WantedLogs, tell: Progress = say_nothing, clock: Clock | None = None
) -> Iterator[LogLine]:
    """The lines of the logs; who follows hears by `tell` what keeps them away for a while. Raises UsageError where
    there is none."""
    names = log_names(found, wanted)
    store = found.store
    if store is None:
        logs = [_at_home(found, recorded(found), name, wanted) for name in names]
        yield from _last(merged(logs), wanted.tail)
        return
    if wanted.task is not None and wanted.task not in _tasks(found) and not store.list(keys.log_folder(wanted.task)):
        raise _no_log(wanted.task, _tasks(found))
    first = {name: tail_start(store, name, wanted.tail) if wanted.tail is not None else 0 for name in names}
    readers = [LogReader(store, name, first[name]) for name in names]
    if not wanted.follow:
        yield from _last(merged([reader.rest() for reader in readers]), wanted.tail)
        return
    if wanted.tail is not None:
        there = {name: len(store.list(keys.log_folder(name))) for name in names}
        yield from _last(merged([reader.new(there[reader.task]) for reader in readers]), wanted.tail)
    followed = FollowedLogs(found, readers, tell, clock or SystemClock())
    yield from followed.lines()
    yield from followed.rest()
    if followed.gone:
        tell(f"{found.run} is deleted, and its store with it: what it wrote last is where its logs came home")


def last_line(found: FoundRun) -> LogLine | None:
    """The last line of the leader's log, None where there is none, or none to be had."""
    with suppress(TfinfraError, OSError, *store_errors()):
        return next(reversed([*log_lines(found, WantedLogs(tail=1))]), None)
    return None


def _tasks(found: FoundRun) -> list[str]:
    """The tasks of a run, the leader first; of a run that only its store knows, those that are in it."""
    if found.record is not None:
        return list(dict.fromkeys((found.record.leader, *found.record.plan_tasks)))
    return [status.task for status in read_view(found.store).tasks] if found.store is not None else []


def _at_home(found: FoundRun, record: RunRecord, name: str, wanted: WantedLogs) -> Iterator[LogLine]:
    """What is wanted of a log that was fetched; nothing of a task that printed nothing. Raises UsageError."""
    for kind in ("tasks", "nodes"):
        pieces = read_log(Path(record.results), f"{kind}/{name}.log", wanted.tail)
        if pieces is not None:
            return lines_in_pieces(name, pieces)
    if record.came_to_nothing:
        raise came_to_nothing(record)
    of_the_run = name == record.leader or name in record.plan_tasks
    if of_the_run and (record.fetched or (Path(record.results) / "tasks").is_dir()):
        return iter(())  # it printed nothing: the others' logs are here
    if of_the_run:
        raise UsageError(f"the logs of {record.run} were never fetched, and went with its groups")
    raise _no_log(name, _tasks(found))


def _no_log(name: str, names: list[str]) -> UsageError:
    return UsageError(f"there is no log of '{name}'", hint=f"tasks of this run: {', '.join(names) or 'not known'}")


def _last(lines: Iterable[LogLine], most: int | None) -> Iterable[LogLine]:
    return lines if most is None else deque(lines, maxlen=most)
