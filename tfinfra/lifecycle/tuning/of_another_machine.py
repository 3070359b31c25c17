"""A tune that another machine's client began and left: what of it has to be on this machine before it is ended, since
its store goes then, and the journal with that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.end.trials_home import trial_results
from tfinfra.lifecycle.record.in_store.published import BEAT_COUNTS
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.lifecycle.record.tune_journal import keep_entries
from tfinfra.model import to_json
from tfinfra.system.progress import Progress
from tfinfra.text.wording import first_few, spell_seconds
from tfinfra.tuning.journal import COMPLETE, Entry, Searched

_NAMED = 5


def refuse_beyond_store(found: FoundRun) -> None:
    """Raises UsageError where the store does not say enough of the tune to go on with it, or its client lives."""
    deletes = f"`tfinfra down {found.run}` deletes what there is of it"
    if found.odd:
        raise UsageError(f"{found.run} cannot be gone on with: {found.odd[0]}", hint=deletes)
    if found.store is None:
        why = found.unread or "its store has gone, and its journal with that"
        hint = "the machine that began it has its journal: `tfinfra tune --resume` works there"
        raise UsageError(f"{found.run} was not begun on this machine: {why}", hint=hint)
    if found.record is None:
        message = f"{found.run} was not begun on this machine, and its client had left no record in its store"
        raise UsageError(message, hint=f"begin a new tune; {deletes}")
    if found.driven_elsewhere:
        after = spell_seconds(BEAT_COUNTS)
        hint = f"{after} after that client has gone it can be gone on with; `tfinfra down {found.run}` ends it"
        raise UsageError(f"a client on another machine searches {found.run}, or follows it", hint=hint)


def refuse_other_names(run: str, space: Iterable[str], searched: Searched) -> None:
    """Raises UsageError where the journal has parameters that the space has not: whoever can write to the store of a
    tune gives its successor no arguments of other names."""
    names = set(space)
    other = next((trial for trial in searched.trials.values() if set(trial.parameters) != names), None)
    if other is not None:
        message = f"the journal of {run} has other parameters for trial {other.number} than tune.parameter_space names"
        raise UsageError(message, hint="tune.resume_from lets a new tune learn of an old one's trials")


def keep_here(found: FoundRun, entries: Iterable[Entry]) -> None:
    """Writes record, plan and journal of the tune into a folder of this machine's: if this client dies while it ends
    the tune, the next one finds them here. Raises OSError."""
    record, folder = found.folder.update(shared=found.listed_share), RunFolder(found.folder.path)
    folder.write_deploy({"plan.json": json.dumps(to_json(found.folder.plan()))})
    keep_entries(folder, entries)
    folder.write(replace(record, max_cost_usd=None))  # the store alone proves no cost


def keep_end(found: FoundRun, searched: Searched, say: Progress) -> None:
    """Writes down how its end came out; `say` hears of trials whose files are nowhere here: it has itself gone on with
    a tune of that machine."""
    record = found.folder.read()
    if record is None:
        return
    RunFolder(found.folder.path).write(record)
    ended = [trial.number for trial in searched.trials.values() if trial.result in COMPLETE]
    without = [str(number) for number in ended if not trial_results(Path(record.results), number).is_dir()]
    if without:
        named = first_few(without, _NAMED)
        say(f"warning: trials whose files did not come here: {named}; the machine that began {found.run} may have them")
