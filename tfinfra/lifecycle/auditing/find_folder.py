"""Which folder `audit RUN|FOLDER` means. No cloud is asked, and none is started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.errors import UsageError
from tfinfra.evidence import names
from tfinfra.lifecycle.record.run_record import RunPhase, all_records, run_folder
from tfinfra.lifecycle.record.trials import tune_of
from tfinfra.system.paths import state_folder

_RUNS = "runs"


@dataclass(frozen=True)
class RunPlace:
    """`run` is the id of the run that must lie in `folder`, None where nothing says which."""

    folder: Path
    run: str | None


def find_folder(word: str) -> RunPlace:
    """The folder of a run: the one of that path, the one in ./runs, or the one where the outputs of the newest run of
    that id or name came to. Raises UsageError."""
    for place in (Path(word), Path(_RUNS) / word):
        if is_run(place):
            folder = _around(place)
            return RunPlace(folder, run_named_by(folder))
    if os.sep in word or word in (".", ".."):
        raise _no_evidence(Path(word))
    if (tune := tune_of(word)) is not None and run_folder(state_folder(), word).read() is not None:
        hint = f"`tfinfra audit {tune}` holds all of its trials against it"
        raise UsageError(f"{word} is a trial: its evidence is that of its tune, {tune}", hint)
    found = [record for record in all_records(state_folder()) if word in (record.run, record.name)]
    record = next((each for each in found if each.run == word), found[-1] if found else None)
    if record is None:
        raise UsageError(f"there is no run '{word}' on this machine", "name its folder, such as runs/digits-abc123")
    results = Path(record.results)
    if not results.is_dir():
        message = f"nothing of {record.run} lies in {results}"
        if record.phase == RunPhase.DELETED:  # there is nothing more to fetch
            raise UsageError(f"{message}, and the run is deleted", "name the folder that a copy of it is in")
        raise UsageError(message, f"`tfinfra fetch {record.run}` brings it home; or name the folder that it is in now")
    return RunPlace(results, record.run)


def run_named_by(folder: Path) -> str | None:
    """The run that a folder in runs/ is of by its own name: tfinfra calls it by the run's id. A copy elsewhere has the
    name that somebody gave it."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - links are not followed
    return whole.name if whole.parent.name == _RUNS and RUN_ID.fullmatch(whole.name) else None


def is_run(folder: Path) -> bool:
    """Whether a run's evidence lies there, or something else that a run leaves."""
    marks = (names.FOLDER, names.STATEMENT, names.SUMS, names.RUN)
    return folder.is_dir() and any(os.path.lexists(folder / mark) for mark in marks)


def _around(folder: Path) -> Path:
    """The run's folder, where its audit/ was named."""
    if folder.name == names.FOLDER:
        return folder.parent
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - links are not followed
    return whole.parent if whole.name == names.FOLDER else folder


def _no_evidence(folder: Path) -> UsageError:
    if not folder.is_dir():
        return UsageError(f"there is no folder '{folder}'", "name a run, or the folder that its outputs came to")
    return UsageError(f"'{folder}' holds nothing of a run", "name the folder that has audit/ in it")
