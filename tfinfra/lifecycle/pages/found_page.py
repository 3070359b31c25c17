"""The page of a run that was found: while its store is there out of that, afterwards by what came home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from tfinfra.audit.log import read_events
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.attached_run import recorded
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.run_logs import WantedLogs, log_lines
from tfinfra.lifecycle.attach.saved_document import saved_document
from tfinfra.lifecycle.attach.status import document_of
from tfinfra.lifecycle.evidence.origin import read_origin
from tfinfra.lifecycle.metrics.run_points import run_logged
from tfinfra.lifecycle.reporting.assemble import Known, run_page
from tfinfra.lifecycle.reporting.home_files import HomeFiles
from tfinfra.lifecycle.reporting.patience import Patience
from tfinfra.lifecycle.reporting.searched import search_of
from tfinfra.lifecycle.reporting.write import plan_of
from tfinfra.model import Logged
from tfinfra.reporting.logs import LAST
from tfinfra.reporting.values import Log, RunPage
from tfinfra.store import store_errors
from tfinfra.system.clock import right_now


def found_page(found: FoundRun, *, reading: float | None = None, logs: bool = True) -> RunPage:
    """The values of the run's page as it stands now, without the ends of its logs where `logs` is not set. At most
    `reading` seconds are spent on points, None: as many as it takes. Raises UsageError where nobody has a record of it,
    what the store raises."""
    record = recorded(found)
    home = HomeFiles(Path(record.results), record.leader)
    saved = saved_document(record) if found.store is None else None
    origin = read_origin(found.folder, found.store)
    plan, now, patience = plan_of(found.folder), right_now(), Patience(reading)
    known = Known(
        record=record,
        document=saved if isinstance(saved, dict) else document_of(record, found),
        plan=plan,
        origin=None if isinstance(origin, str) else origin,
        events=read_events(found.folder.audit.path),
        logged=_logged(found, patience.late),
        log=_no_log if not logs else home.log if found.store is None else partial(_log, found),
        home=home,
        now=now,
        state=str(found.status.state),
        search=search_of(found.folder, plan, found.store, now),
        patience=patience,
    )
    return run_page(known)


def _logged(found: FoundRun, late: Callable[[], bool]) -> Iterator[Logged]:
    """Nothing where they went with the run's groups."""
    with suppress(UsageError):
        yield from run_logged(found, late=late)


def _log(found: FoundRun, task: str) -> Log | None:
    """The last lines as the store has them, None where it has none or does not answer."""
    with suppress(UsageError, *store_errors()):
        lines = tuple(line.text for line in log_lines(found, WantedLogs(task, tail=LAST + 1)))
        return Log(task, lines[-LAST:], len(lines) <= LAST)
    return None


def _no_log(task: str) -> None:
    """For a page that has logs of its own."""
    del task
