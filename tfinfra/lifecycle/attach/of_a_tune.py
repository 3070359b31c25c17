"""What a verb says of a tune that asks for what its trials have."""

from __future__ import annotations

from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.model.trials import trial_id


def is_tune(found: FoundRun) -> bool:
    """Whether the run searches, as far as its plan is known here."""
    try:
        return found.folder.plan().tune is not None and found.folder.path.name == found.run
    except (OSError, ValueError):
        return False


def trials_have(found: FoundRun, what: str, verb: str) -> UsageError:
    """`verb` takes a trial as well, and shows `what` trials have."""
    one = trial_id(found.run, 1)
    hint = f"`tfinfra runs --of {found.run}` lists them; `tfinfra {verb} {one}` is of the first"
    return UsageError(f"{found.run} is a tune: its trials have the {what}", hint=hint)
