"""A tune that goes on with what another has left: its journal is the beginning of the new one's, its trials' files are
at home already, and what was under way is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tfinfra.errors import TfinfraError, UsageError
from tfinfra.lifecycle.attach.attached_run import end_run
from tfinfra.lifecycle.attach.find_run import find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.end.trials_home import trial_results
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase
from tfinfra.lifecycle.record.trials import tune_of
from tfinfra.lifecycle.record.tune_journal import read_journal
from tfinfra.lifecycle.trials.own_ends import own_end
from tfinfra.lifecycle.tuning.claim import claim
from tfinfra.lifecycle.tuning.of_another_machine import keep_end, keep_here, refuse_beyond_store, refuse_other_names
from tfinfra.model import Unfit
from tfinfra.model.trials import trial_id
from tfinfra.model.tuning import Tune
from tfinfra.store import keys, store_errors
from tfinfra.system.clock import right_now
from tfinfra.system.linked_copy import copy_linked
from tfinfra.system.progress import Progress
from tfinfra.text.wording import count
from tfinfra.tuning.journal import Ended, Entry, Searched, Trial, replay


@dataclass(frozen=True)
class LeftTune:
    """A tune that another goes on with: the `entries` of its journal, as its client has left them."""

    found: FoundRun
    tune: Tune
    entries: Sequence[Entry]

    @property
    def run(self) -> str:
        return self.found.run

    @cached_property
    def searched(self) -> Searched:
        """What stands after its entries."""
        return replay(self.entries)


def left_tune(name: str, say: Progress) -> LeftTune:
    """The tune of this id or name. Raises UsageError where it is none that can be gone on with."""
    if (whole := tune_of(name)) is not None:
        hint = f"`tfinfra tune MANIFEST --resume {whole}` goes on with its tune"
        raise UsageError(f"{name} is a trial, no tune", hint=hint)
    found = find_run(name, tell=say, ended=True)
    record = found.folder.read()
    if found.borrowed or record is None:
        refuse_beyond_store(found)
    if record is None:
        raise UsageError(f"the record of {found.run} cannot be read", hint=f"`tfinfra down {found.run}` deletes it")
    if record.came_to_nothing and record.resumes is not None:
        hint = f"`tfinfra tune --resume {record.resumes}` goes on with the one that it was to go on with"
        raise UsageError(f"{found.run} came to nothing before it touched a cloud", hint=hint)
    if is_alive(record.client):
        hint = f"`tfinfra down {found.run}` ends it, and keeps its journal"
        raise UsageError(f"{found.run} is searched by another process of this machine", hint=hint)
    return LeftTune(found, _tune_in(found), _entries(found, say))


def _tune_in(found: FoundRun) -> Tune:
    """What a run searched. Raises UsageError where it is no tune, or its plan cannot be read."""
    try:
        tune = found.folder.plan().tune
    except (OSError, ValueError) as error:
        raise UsageError(f"the plan of {found.run} cannot be read: {error}") from None
    if tune is None:
        raise UsageError(f"{found.run} is no tune", hint="`tfinfra runs` lists all runs")
    return tune


def _entries(found: FoundRun, say: Progress) -> list[Entry]:
    """Raises UsageError where they are no journal."""
    store = found.store
    if store is not None:
        try:
            store.list(keys.JOURNAL)
        except store_errors():
            store = None
    entries = list(read_journal(found.folder.path, store, say))
    try:
        replay(entries)
    except Unfit as error:
        raise UsageError(f"the journal of {found.run} is none that a search can go on from: {error}") from None
    return entries


def with_ends(left: LeftTune) -> list[Entry]:
    """The entries of a tune whose trials are at home, and an end for each that was under way: the one that it came to
    without its client, else it was lost with that."""
    ends = [
        own_end(left.found.folder, trial, left.tune)
        or Ended(trial.number, "lost", f"the client of {left.run} has gone", right_now())
        for trial in left.searched.under_way
    ]
    return [*left.entries, *(Entry(ended=end) for end in ends)]


def refuse_another(tune: Tune, left: LeftTune) -> None:
    """Raises UsageError where a manifest's tune looks for something else than the one that it is to go on with."""
    other = _other_metric(tune, left.tune)
    if list(tune.parameter_space) != list(left.tune.parameter_space):
        other.append("the names in tune.parameter_space")
    if other:
        raise UsageError(_differ(other, left.run), hint="tune.resume_from lets a new tune learn of an old one's trials")
    refuse_other_names(left.run, tune.parameter_space, left.searched)


def _other_metric(tune: Tune, earlier: Tune) -> list[str]:
    """The keys by which the values of two tunes cannot be compared."""
    same = ("primary_metric_name", "primary_metric_goal")
    return [f"tune.{key}" for key in same if getattr(tune, key) != getattr(earlier, key)]


def _differ(differing: Sequence[str], run: str) -> str:
    return f"{' and '.join(differing)} {'are' if len(differing) > 1 else 'is'} not what {run} searched by"


def tell_other_space(tune: Tune, left: LeftTune, say: Progress) -> None:
    """A space of the same names may be another one: what the old one gave counts, and is asked again, all the same."""
    before = left.tune.parameter_space
    if other := [name for name, each in tune.parameter_space.items() if each != before[name]]:
        say(f"{', '.join(other)}: searched otherwise than in {left.run}, whose trials count all the same")


def refuse_finished(tune: Tune, left: LeftTune) -> None:
    """Raises UsageError where nothing is left of a tune, neither a trial to ask nor a resource to end: a pool would be
    made for nothing. One whose client was killed at its very end is gone on with, and comes to its best at once."""
    searched, record = left.searched, left.found.folder.read()
    if record is None or record.phase != RunPhase.DELETED:
        return
    if searched.counted < tune.max_total_runs or searched.to_ask_again or searched.under_way:
        return
    hint = f"what it found is in {record.results}; a greater tune.max_total_runs goes on with it"
    raise UsageError(
        f"all {count(searched.counted, 'trial')} of {left.run} have ended: nothing is left to search", hint
    )


def take_over(left: LeftTune, run: str, say: Progress) -> None:
    """Makes `run` the one tune that goes on with this one, and ends what there still is of that, its files at home.
    Raises UsageError where another does already."""
    folder = left.found.folder
    by = claim(folder, left.found.store, run, right_now())
    if by != run:
        raise UsageError(
            f"{by} goes on with {left.run} already",
            hint=f"`tfinfra tune --resume {by}` goes on with that, once its client has gone",
        )
    record = folder.read()
    if record is not None and record.phase != RunPhase.DELETED:
        say(f"{left.run} is ended first: what it has found is kept")
        if left.found.borrowed:
            keep_here(left.found, left.entries)
        end_run(left.found, say)
        if left.found.borrowed:
            keep_end(left.found, left.searched, say)


def bring_over(left: LeftTune, folder: RunFolder) -> None:
    """Gives the tune of `folder` the trials of the one that it goes on with: their files, by hard links, and their
    records. Raises OSError."""
    record, before = folder.read(), left.found.folder.read()
    if record is None or before is None:
        return
    for number in left.searched.trials:
        source = trial_results(Path(before.results), number)
        own = folder.of(trial_id(record.run, number))
        was = left.found.folder.of(trial_id(left.run, number)).read()
        if was is None:
            continue
        results = trial_results(Path(record.results), number)
        if source.is_dir():
            copy_linked(source, results)
        mine = replace(was, run=own.path.name, name=record.run, on=record.run, store=None, results=str(results))
        own.write(replace(mine, phase=RunPhase.DELETED))


def warm_trials(tune: Tune, say: Progress) -> list[Trial]:
    """The trials of earlier tunes, of which a new one learns. Raises UsageError where one of them is not known here, or
    searched by another metric: sampling and policy would take its values for this one's."""
    found, names = list[Trial](), tune.resume_from
    for name in names:
        try:
            found += _ended_trials(tune, name, say)
        except TfinfraError as error:
            raise UsageError(f"tune.resume_from: {error.message}", hint=error.hint) from None
    if found:
        say(f"it learns of {count(len(found), 'trial')} of {', '.join(names)}")
    return found


def _ended_trials(tune: Tune, name: str, say: Progress) -> list[Trial]:
    """Those of an earlier tune, living or over."""
    found = find_run(name, tell=say, ended=True)
    if other := _other_metric(tune, _tune_in(found)):
        raise UsageError(_differ(other, found.run), hint="a tune learns of those with the same metric and goal alone")
    searched = replay(read_journal(found.folder.path, found.store, say))
    if not searched.trials:
        raise UsageError(f"{found.run} has no journal of a tune")
    return [trial for trial in searched.trials.values() if trial.result is not None]
