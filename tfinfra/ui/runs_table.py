"""The runs as rows of a table, and which of them are wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfinfra.lifecycle.attach.find_run import HERE
from tfinfra.lifecycle.attach.overview import RunFilter, selected, statuses_of
from tfinfra.lifecycle.record.run_record import RunRecord, all_records, remembered, run_folder
from tfinfra.lifecycle.record.run_status import RunStatus, run_status
from tfinfra.lifecycle.reporting.write import plan_of
from tfinfra.lifecycle.watch.latest_metric import latest_at_home, metric_text
from tfinfra.system.clock import right_now
from tfinfra.system.paths import state_folder
from tfinfra.ui.run_seen import assumed_groups, best_of, trials_in

PAGE = 50
"""Rows of one page."""
HERE_FRESH, AWAY_FRESH = 2.0, 20.0
"""Seconds for which a look at this machine's cloud, and at a subscription, whose limits all its users share, counts."""
_NONE_FRESH = 30.0
"""Seconds for which it counts that a run that is over has no metric."""
_LIVE = frozenset(("starting", "provisioning", "training", "held", "ended", "deleting"))


@dataclass(frozen=True)
class Row:
    """A run of the table. `on` is the run whose nodes it is on, "" for its own; `away`: in a subscription; `trials`:
    how many it has, of a tune."""

    status: RunStatus
    on: str = ""
    away: bool = False
    trials: int = 0

    @property
    def live(self) -> bool:
        """Whether something of it still goes on."""
        return str(self.status.state) in _LIVE


@dataclass(frozen=True)
class Wanted:
    """What of the table is wanted: `text` is in the run's id, `kind` a state or a result ("": any), `page` from 0."""

    text: str = ""
    kind: str = ""
    page: int = 0

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        """Those of all pages."""
        kinds = [row for row in rows if self.kind in ("", str(row.status.state), str(row.status.result or ""))]
        return [row for row in kinds if self.text.strip().lower() in row.status.run]


def read_rows() -> list[Row]:
    """Every run that this machine and its cloud know, the newest first. Raises what ARM raises."""
    known = remembered(state_folder())
    return _rows(statuses_of(known), known.records)


def recorded_rows() -> list[Row]:
    """The same by this machine's records alone, for where its clouds do not answer: their groups are taken to be
    there."""
    records, now = all_records(state_folder()), right_now()
    return _rows([run_status(record, assumed_groups(record), None, now) for record in records], records)


def _rows(statuses: Iterable[RunStatus], records: Iterable[RunRecord]) -> list[Row]:
    own = {record.run: record for record in records}
    return [_row(status, own.get(status.run)) for status in selected(statuses, RunFilter())]


def _row(status: RunStatus, record: RunRecord | None) -> Row:
    away = record is not None and not HERE.holds(record.target, record.rehearse)
    trials = trials_in(run_folder(state_folder(), status.run))
    return Row(status, (record.on or "") if record is not None else "", away, len(trials))


def fresh_for(rows: Sequence[Row] | None) -> float:
    """Seconds for which a look at the table counts."""
    return AWAY_FRESH if any(row.away and row.live for row in rows or ()) else HERE_FRESH


class Metrics:
    """The metric that is shown of each run that is over, out of its files; where there is one it is read once, where
    there is none now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, str] = {}
        self._read: dict[str, float] = {}

    def of(self, rows: Iterable[Row]) -> Mapping[str, str]:
        """{run: its metric as a text, "" where there is none}"""
        runs = [row.status.run for row in rows if not row.live]
        for run in runs:
            now = self._clock()
            if not self._known.get(run) and now - self._read.get(run, -_NONE_FRESH) >= _NONE_FRESH:
                self._known[run], self._read[run] = _metric_at_home(run), now  # its outputs may be fetched yet
        return {run: self._known[run] for run in runs}


def _metric_at_home(run: str) -> str:
    folder = run_folder(state_folder(), run)
    record = folder.read()
    if record is None:
        return ""
    plan = plan_of(folder)
    if plan is not None and plan.tune is not None:
        return best_of(folder)
    point = latest_at_home(Path(record.results), record.leader, plan.metrics.primary if plan and plan.metrics else None)
    return metric_text(point.name, point.value, point.step) if point is not None else ""
