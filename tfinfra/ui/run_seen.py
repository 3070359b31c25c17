"""One run as a look has found it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfinfra.audit.log import read_events
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.find_run import HERE, find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.status import status_document
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.pages.found_page import found_page
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord, run_folder
from tfinfra.lifecycle.record.run_status import run_status
from tfinfra.lifecycle.record.times.phase_times import phase_times
from tfinfra.lifecycle.record.trials import TRIAL_OR_RUN, TRIALS, number_of, tune_of
from tfinfra.lifecycle.reporting.searched import search_of
from tfinfra.lifecycle.reporting.write import plan_of
from tfinfra.lifecycle.watch.latest_metric import metric_text
from tfinfra.reporting.page import parts
from tfinfra.system.clock import right_now
from tfinfra.system.paths import state_folder

HERE_FRESH, AWAY_FRESH = 1.0, 15.0
"""As in the table: a run in a subscription is asked for less often."""
_RUN = re.compile(TRIAL_OR_RUN)
REPORT_DEARER = 4.0
"""How many times more rarely a report is made, which reads all points of the run."""
_READING = 10.0
"""Seconds that are spent on these, at most."""
_SHARE = 0.5
"""The part of a report's room that is taken: the page is loaded again and again."""


@dataclass(frozen=True)
class Seen:
    """`document` is that of `tfinfra status --json`, with moments in Unix seconds; `trials` are the numbers of a
    tune's, `best` what the best of them has come to. `found` is None where its cloud has not answered: the rest is this
    machine's record then."""

    found: FoundRun | None
    record: RunRecord | None
    document: Mapping[str, Any]
    trials: tuple[int, ...] = ()
    best: str = ""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Its tasks, the leader first."""
        record = self.record
        return tuple(dict.fromkeys((record.leader, *record.plan_tasks))) if record is not None else ()

    @property
    def run(self) -> str:
        return str(self.document["run"])

    @property
    def guests(self) -> tuple[str, ...]:
        """The runs that are on its nodes."""
        return tuple(use["run"] for use in self.document.get("uses", ()) if use["end"] is None)

    @property
    def metric_text(self) -> str:
        """ "val_accuracy 0.9531 at step 12", or a tune's best; "" where nothing was logged."""
        found = self.metric
        if self.best:
            return self.best
        return metric_text(found["name"], float(found["value"]), found["step"]) if found is not None else ""

    @property
    def metric(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.document.get("metric")
        return found


def see(run: str) -> Seen:
    """Looks at the run of this id. Nothing of it is held, and its nodes are not told that somebody watches; it changes
    what `status_document` notes alone. Raises TfinfraError, what its store raises."""
    found = find_run(run)
    trials = trials_in(found.folder)
    return Seen(found, found.record, status_document(found), trials, best_of(found.folder) if trials else "")


@dataclass(frozen=True)
class Shown:
    """A run's report in its two halves, as HTML; `note` says why there is none, or no newer one."""

    head: str = ""
    rest: str = ""
    note: str = ""


def report_of(found: FoundRun) -> Shown:
    """The report on a run as it stands, without logs, which its page follows. Raises TfinfraError, what its store
    raises."""
    made = parts(found_page(found, reading=_READING, logs=False), _SHARE)
    return Shown(made.head, made.rest)


def recorded(run: str) -> Seen:
    """The run by this machine's record alone, whose groups are taken to be there. Raises UsageError where there is
    none."""
    folder = run_folder(state_folder(), run)
    record = folder.read()
    if record is None:
        raise UsageError(f"this machine has no record of {run} that it can read")
    now = right_now()
    document = {
        **collect.run_document(record, None, None, now),
        "state": asdict(run_status(record, assumed_groups(record), None, now)),
        "waiting": None,
        "metric": None,
        "phases": [asdict(phase) for phase in phase_times(record, read_events(folder.audit.path))],
        "usual_seconds": {},
    }
    return Seen(None, record, document, trials_in(folder), best_of(folder))


def best_of(folder: RunFolder) -> str:
    """What the best trial of a tune has come to, by the journal on this machine: "best acc 0.95 in trial 7"; "" where
    no trial has a value, and of what is no tune."""
    search = search_of(folder, plan_of(folder), None, right_now())
    trials = search.trials if search is not None else ()
    best = next((trial for trial in trials if search and trial.number == search.best), None)
    if search is None or best is None or best.value is None:
        return ""
    return f"best {search.metric} {best.value:.4g} in trial {best.number}"


def trials_in(folder: RunFolder) -> tuple[int, ...]:
    """The numbers of the trials that a tune has on this machine, none of another run."""
    trials = folder.path / TRIALS
    names = [path.name for path in trials.iterdir()] if trials.is_dir() else []
    return tuple(sorted(number_of(name) for name in names if tune_of(name) == folder.path.name))


def assumed_groups(record: RunRecord) -> tuple[RunGroup, ...]:
    """The groups that a run has as far as its record knows."""
    if record.phase == RunPhase.DELETED:
        return ()
    return tuple(RunGroup(name, record.host, record.keep_until) for name in (record.compute_group, record.keep_group))


def is_run_id(text: str) -> bool:
    """Whether a text of a path can be a run, or a trial, at all: only such a one is ever looked up."""
    return _RUN.fullmatch(text) is not None


def has_record(run: str) -> bool:
    """Whether this machine has a record of the run, readable or not."""
    folder = run_folder(state_folder(), run)
    return folder.unreadable() is not None or folder.read() is not None


def fresh_for(seen: Seen | None) -> float:
    """Seconds for which a look at the run counts."""
    record = seen.record if seen is not None else None
    return AWAY_FRESH if record is not None and not HERE.holds(record.target, record.rehearse) else HERE_FRESH
