"""How a tune stands by what this machine has of it: its plan and its journal, whoever drives it."""

from __future__ import annotations

from typing import Any

from tfinfra.errors import UsageError
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.run_record import RunFolder, all_records, run_folder
from tfinfra.lifecycle.record.run_status import matching_run
from tfinfra.lifecycle.record.trials import tune_of
from tfinfra.lifecycle.record.tune_journal import read_journal
from tfinfra.lifecycle.trials.own_ends import own_end
from tfinfra.lifecycle.watch.tune_state import TrialState, TuneState, tune_document
from tfinfra.model.trials import trial_id
from tfinfra.store import ObjectStore, keys
from tfinfra.system.clock import right_now, unix_time
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress, say_nothing
from tfinfra.tuning.journal import Entry, Searched, Trial, followed, replay


def tune_at_home(folder: RunFolder, tell: Progress = say_nothing) -> TuneState | None:
    """The tune whose folder this is, None where the run is none. `tell` hears what of its journal cannot be read; of a
    trial under way its values are not known here."""
    record = folder.read()
    return tune_by(folder, None, tell, driven=record is not None and is_alive(record.client))


def tune_by(folder: RunFolder, store: ObjectStore | None, tell: Progress, *, driven: bool) -> TuneState | None:
    """The same by the journal that lies in `store` too; `driven`: a client still searches. Raises what the store
    raises."""
    try:
        plan = folder.plan()
    except (OSError, ValueError):  # it was not compiled, or is lost
        return None
    if plan.tune is None or plan.pool is None:
        return None
    tune, run = plan.tune, folder.path.name
    searched = searched_of(folder, store, tell)
    if not driven:
        for trial in searched.under_way:
            if (end := own_end(folder, trial, tune)) is not None:
                searched = followed(searched, Entry(ended=end))
    trials = tuple(
        trial_state(run, trial, "running" if driven or _may_still_run(folder, trial) else "cancelled")
        for _, trial in sorted(searched.trials.items())
    )
    best = searched.best(tune.primary_metric_goal)
    number = best.number if best is not None else None
    most, slots = tune.max_total_runs, plan.pool.trials_at_once
    return TuneState(run, tune.primary_metric_name, tune.primary_metric_goal, trials, number, most, slots)


def _may_still_run(folder: RunFolder, trial: Trial) -> bool:
    """Whether nothing says that a trial whose client has gone is over: its nodes bring it to its end alone."""
    tune, record = folder.read(), folder.of(trial_id(folder.path.name, trial.number)).read()
    if tune is None or record is None or tune.phase.is_over or record.phase.is_over or record.result is not None:
        return False
    return right_now() < unix_time(record.deadline)


def tune_part(folder: RunFolder) -> dict[str, Any]:
    """What the document of a run has of a tune: {"tune": …}, {} of any other."""
    state = tune_at_home(folder)
    return {} if state is None else {"tune": tune_document(state)}


def tune_named(name: str, tell: Progress = say_nothing) -> TuneState:
    """The tune of this id, or the only one of this name that lives, else the newest. Raises UsageError where this
    machine knows none."""
    if (whole := tune_of(name)) is not None:
        raise UsageError(
            f"{name} is a trial, no tune", hint=f"`tfinfra runs --of {whole}` lists the trials of its tune"
        )
    state = state_folder()
    tunes = [each for each in all_records(state) if (run_folder(state, each.run).path / keys.JOURNAL).is_dir()]
    run = matching_run(name, tunes, ended=True)
    found = tune_at_home(run_folder(state, run), tell)
    if found is None:
        hint = f"tunes here: {', '.join(each.run for each in tunes[-5:])}" if tunes else "`tfinfra tune` begins one"
        raise UsageError(f"this machine knows no tune '{name}'", hint=hint)
    return found


def searched_of(folder: RunFolder, store: ObjectStore | None, say: Progress) -> Searched:
    """What the journal of a tune says, as far as it goes together. Raises what the store raises."""
    entries = read_journal(folder.path, store, say)
    return replay(entries, lambda error: say(f"warning: the tune's journal is read up to a fault in it: {error}"))


def trial_state(run: str, trial: Trial, under_way: str) -> TrialState:
    """A trial of the tune `run` as its journal has it; `under_way` is the state of one that has not ended."""
    return TrialState(
        number=trial.number,
        trial=trial_id(run, trial.number),
        parameters=trial.parameters,
        state=trial.result or under_way,
        latest=trial.values[-1] if trial.values else None,
        best=trial.best,
        points=len(trial.values),
        began=trial.asked_at,
        ended=trial.ended_at,
        why=trial.why,
    )
