"""A tune as verbs find it, whichever machine began it, and what they say where they ask it for what its trials have."""

from __future__ import annotations

from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.find_run import ANYWHERE, find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.trials.tune_at_home import tune_at_home, tune_by, tune_named
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.model.trials import trial_id
from tfinfra.system.progress import Progress, say_nothing


def is_tune(found: FoundRun) -> bool:
    """Whether the run searches, as far as its plan is known here."""
    try:
        return found.folder.plan().tune is not None and found.folder.path.name == found.run
    except (OSError, ValueError):
        return False


def known_tune(name: str, options: CloudOptions = ANYWHERE, tell: Progress = say_nothing) -> TuneState:
    """The tune of this id or name: as this machine has it, else by the journal in its store, for as long as that is
    there. Raises UsageError where there is none, what its store raises, and ProvisioningError."""
    unknown: UsageError | None = None
    if options.nothing:
        try:
            return tune_named(name, tell)
        except UsageError as error:
            unknown = error
    try:
        found = find_run(name, options, tell, ended=True)
    except UsageError as error:
        raise unknown or error from None
    tune = tune_of_found(found, tell)
    if tune is None:
        why = found.unread or "its store holds no plan of a tune" if found.borrowed else "it has no `tune`"
        hint = "`tfinfra runs` lists runs; the machine that began a tune knows its trials for good"
        raise unknown if unknown and not found.borrowed else UsageError(f"{found.run} shows no trials: {why}", hint)
    return tune


def tune_of_found(found: FoundRun, tell: Progress = say_nothing) -> TuneState | None:
    """The tune that was found, None of a run that is none. Raises what its store raises."""
    if not found.borrowed:
        return tune_at_home(found.folder, tell)
    return tune_by(found.folder, found.store, tell, driven=found.driven_elsewhere)


def trials_have(found: FoundRun, what: str, verb: str) -> UsageError:
    """`verb` takes a trial as well, and shows `what` trials have."""
    one = trial_id(found.run, 1)
    hint = f"`tfinfra runs --of {found.run}` lists them; `tfinfra {verb} {one}` is of the first"
    return UsageError(f"{found.run} is a tune: its trials have the {what}", hint=hint)
