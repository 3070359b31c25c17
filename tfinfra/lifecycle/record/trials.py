"""The trials of a tune as this machine remembers them: each has a record of its own, in the folder of its tune, where
no list of runs meets it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.model.shapes import Count
from tfinfra.model.tuning import Scalar

TRIALS = "trials"
"""The folder of a tune's trials: of their records in its folder here, of their files in its results."""
_TRIAL = re.compile(rf"(?P<tune>{RUN_ID.pattern})-t(?P<number>[0-9]{{5}})")
TRIAL_OR_RUN = rf"{RUN_ID.pattern}(-t[0-9]{{5}})?"


@dataclass(frozen=True)
class TrialOf:
    """What a trial is of its tune: its number, and what it was asked with."""

    number: Count
    parameters: dict[str, Scalar]


def tune_of(run: str) -> str | None:
    """The tune of which this would be a trial's id, None where it is no such id."""
    found = _TRIAL.fullmatch(run)
    return found["tune"] if found else None


def number_of(trial: str) -> int:
    """The number in a trial's id."""
    return int(trial[-5:])


def place_of(runs: Path, run: str) -> Path:
    """The folder of a run, or of a trial, below that of all runs."""
    tune = tune_of(run)
    if tune is None or (runs / run).is_dir():
        return runs / run
    return runs / tune / TRIALS / run


def runs_above(folder: Path) -> Path:
    """The folder of all runs, from that of a run or of a trial."""
    return folder.parents[2] if folder.parent.name == TRIALS else folder.parent
