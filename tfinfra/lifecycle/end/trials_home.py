"""The files of a tune's trials at home, in trials/<number>/ of its results: brought while others follow, by the client
that drives the tune, or by whoever comes after it."""

from __future__ import annotations

import re
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from tfinfra.errors import Result, first_line
from tfinfra.lifecycle.end.bring_home import Home, bring_home
from tfinfra.lifecycle.end.collect import run_document, write_results
from tfinfra.lifecycle.record.names import further_shared, further_store, record_store
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord, trial_records
from tfinfra.lifecycle.record.trials import TRIALS, TrialOf, number_of
from tfinfra.lifecycle.record.tune_journal import note_last_entries, read_journal, was_begun_here
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.trials.tune_at_home import searched_of
from tfinfra.model import Outcome, Plan
from tfinfra.model.trials import trial_id
from tfinfra.model.tuning import Parameters
from tfinfra.money.ledger import Ledger
from tfinfra.store import ObjectStore, keys, readable
from tfinfra.store.landing import Landing, Unplaceable
from tfinfra.system.clock import right_now
from tfinfra.system.linked_copy import copy_linked
from tfinfra.system.progress import Progress, say_nothing
from tfinfra.tuning.journal import Searched

BEST = "best"
"""The folder of the best trial's files, in the results of its tune."""
_AT_ONCE = 2


def trial_results(tune: Path, number: int) -> Path:
    """Where the files of a trial are, in the results of its tune."""
    return tune / TRIALS / str(number)


class TrialsHome:
    """Brings trials home in threads of its own; `say` hears what does not come, of many trials alike once."""

    def __init__(self, plan: Plan, say: Progress) -> None:
        self._plan = plan
        self._say = say
        self._said: set[str] = set()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="trial-home")
        self._coming: list[Future[None]] = []

    def bring(self, folder: RunFolder, store: ObjectStore) -> None:
        """Begins to bring the trial home whose record is in `folder`."""
        self._coming = [one for one in self._coming if not one.done()]
        self._coming.append(self._pool.submit(self._bring, folder, store))

    def wait(self) -> None:
        """Until all that was begun has come, or cannot."""
        for one in self._coming:
            one.result()
        self._pool.shutdown()

    def _bring(self, folder: RunFolder, store: ObjectStore) -> None:
        try:
            home = bring_trial(folder, store, self._plan)
        except Exception as error:  # noqa: BLE001 - whatever a store or a disk says: the search goes on without it
            self._say(f"warning: {folder.path.name} did not come home: {first_line(error)}")
            return
        for note in home.lines():
            if note not in self._said:
                self._said.add(note)
                self._say(f"warning: trial {number_of(folder.path.name)}: {note}")


def bring_trial(folder: RunFolder, store: ObjectStore, plan: Plan | None) -> Home:
    """Copies what a trial has left in its own folder of the tune's store, and records that. Raises what keeps all of it
    away."""
    record = folder.update()
    results = Path(record.results)
    home = bring_home(store, results, record.plan_tasks, record.shared)
    _bring_evidence(store, results)
    keeps = home.keeps and record.result != Result.ERROR  # of a lost node nothing more comes
    phase = RunPhase.ENDED if keeps else RunPhase.DELETED
    record = folder.update(phase=phase, fetched=not keeps, not_collected=home.missing)
    write_results(folder, run_document(record, plan, store, right_now()), results)
    return home


def _bring_evidence(store: ObjectStore, results: Path) -> None:
    """What the trial's nodes recorded of it: the commands that they ran, and how these ended. It is theirs, and of any
    form: the tune's evidence has its digest."""
    with Landing(results) as landing:
        for key in store.list(keys.EVIDENCE):
            with suppress(Unplaceable, FileNotFoundError):
                landing.land(key, partial(store.get_file, key))


def bring_trials_left(ports: Ports, folder: RunFolder, store: ObjectStore, results: Path, say: Progress) -> None:
    """Brings the trials home that the tune's client has left in its `store`, into `results`. Raises what keeps one of
    them away."""
    tune = folder.read()
    if tune is None or record_store(tune) is None:
        return
    note_last_entries(folder)
    searched, is_here = searched_of(folder, store, say), RunFolder(folder.path).read() is not None
    recorded = {record.trial.number for record in trial_records(folder) if record.trial and record.store}
    for number in sorted(recorded | _left_in_store(folder, tune.run, store)):
        trial = trial_id(tune.run, number)
        own, its = folder.of(trial), ports.open_store(further_store(tune, trial))
        record = own.read()
        if record is not None and record.phase == RunPhase.DELETED and Path(record.results).is_dir():
            continue
        if record is None and is_here and (asked := searched.trials.get(number)) is not None:
            record = record_of_trial(tune, number, asked.parameters, asked.asked_at)  # it was begun by another machine
        if record is None:
            home = bring_home(its, trial_results(results, number), tune.plan_tasks, further_shared(tune, trial))
            _bring_evidence(its, trial_results(results, number))
        else:
            own.write(replace(_as_it_ended(record, its), results=str(trial_results(results, number))))
            home = bring_trial(own, its, None)
        for line in home.lines():
            say(f"warning: trial {number}: {line}")


def record_of_trial(tune: RunRecord, number: int, parameters: Parameters, started: float) -> RunRecord:
    """The record of a trial of `tune`, which has groups, nodes, money and evidence; `started` in Unix seconds."""
    trial = trial_id(tune.run, number)
    return replace(
        tune,
        run=trial,
        name=tune.run,
        on=tune.run,
        trial=TrialOf(number, dict(parameters)),
        store=further_store(tune, trial),
        shared=further_shared(tune, trial),
        results=str(trial_results(Path(tune.results), number)),
        usd_per_hour=0.0,
        max_cost_usd=None,
        ledger=Ledger(),
        attempts=(),
        requests=None,
        latest=None,
        backend=None,
        evidence=None,
        resumes=None,
        client=None,
        phase=RunPhase.RUNNING,
        result=None,
        exit_code=None,
        failed_task=None,
        exit_status=None,
        message="",
        hint=None,
        fetched=False,
        not_collected=None,
        times={"started": started},
    )


def _left_in_store(folder: RunFolder, tune: str, store: ObjectStore) -> set[int]:
    """The numbers of the trials of which something is in the tune's store: of a tune of this machine those that its
    journal has, as a script can make folders there too."""
    own = re.compile(rf"{re.escape(keys.further_run(tune))}-t([0-9]{{5}})/.+")
    there = {int(found[1]) for key in store.list(keys.FURTHER) if (found := own.fullmatch(key))}
    if not was_begun_here(folder):
        return there
    return there & {entry.asked.number for entry in read_journal(folder.path, store, say_nothing) if entry.asked}


def _as_it_ended(record: RunRecord, store: ObjectStore) -> RunRecord:
    """The record of a trial that its client has not written the end of."""
    if record.result is not None:
        return record
    outcome = readable(store, keys.OUTCOME, Outcome)
    result = outcome.run_result if outcome else Result.CANCELLED
    message = outcome.message if outcome else "its tune's client has gone"
    ended = outcome.ended if outcome else right_now()
    return replace(
        record, result=result, message=message, exit_code=result.exit_code, times={**record.times, "ended": ended}
    )


def keep_best(searched: Searched, goal: str, results: Path, say: Progress) -> None:
    """Gives the best trial's files a place that needs no number."""
    best = searched.best(goal)
    if best is None:
        return
    try:
        copy_linked(trial_results(results, best.number), results / BEST)
    except OSError as error:
        say(f"warning: {results / BEST} cannot be written: {error.strerror or error}")
