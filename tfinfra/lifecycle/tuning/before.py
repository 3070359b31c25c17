"""What a tune begins with, looked for before anything is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfinfra.errors import ManifestError
from tfinfra.lifecycle.record.names import run_id
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.request_channel import why_no_channel
from tfinfra.lifecycle.tuning.resume import (
    LeftTune,
    refuse_another,
    refuse_finished,
    take_over,
    tell_other_space,
    warm_trials,
    with_ends,
)
from tfinfra.model import Plan, Target
from tfinfra.system.progress import Progress
from tfinfra.tuning.draws import sampler
from tfinfra.tuning.journal import Entry, Trial


@dataclass(frozen=True)
class Before:
    """The tune that this one goes on with, None for none, with the `entries` of its journal; and trials of earlier
    tunes, which only its sampler and its policy know of (`warm`)."""

    left: LeftTune | None = None
    warm: Sequence[Trial] = ()
    entries: Sequence[Entry] = ()


NOTHING = Before()


def before_search(plan: Plan, target: Target, options: UpOptions, left: LeftTune | None, say: Progress) -> Before:
    """Raises ManifestError where the target's nodes take no trials, UsageError for what is not there of what the search
    begins with, or of what its sampling takes. What there still is of `left` is ended then."""
    tune = plan.tune
    if tune is None:
        return NOTHING
    if why := why_no_channel(target):
        raise ManifestError(f"the nodes of a tune are asked for trials, and these take nothing from anybody: {why}")
    if left is not None:
        refuse_another(tune, left)
        refuse_finished(tune, left)
        tell_other_space(tune, left, say)
    warm = warm_trials(tune, say)
    sampler(tune, (), warm)
    if left is not None:
        take_over(left, run_id(plan.name, options.letters), say)
    return Before(left, warm, with_ends(left) if left is not None else ())
