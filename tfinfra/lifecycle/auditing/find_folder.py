"""Which folder `audit RUN|FOLDER` means. No cloud is asked, and none is started."""

from __future__ import annotations

import os
from pathlib import Path

from tfinfra.errors import UsageError
from tfinfra.evidence import names
from tfinfra.lifecycle.record.run_record import all_records
from tfinfra.system.paths import state_folder

_RUNS = "runs"


def find_folder(word: str) -> Path:
    """The folder of a run: the one of that path, the one in ./runs, or the one where the outputs of the newest run of
    that id or name came to. Raises UsageError."""
    for place in (Path(word), Path(_RUNS) / word):
        if is_run(place):
            return _around(place)
    if os.sep in word or word in (".", ".."):
        raise _no_evidence(Path(word))
    found = [record for record in all_records(state_folder()) if word in (record.run, record.name)]
    record = next((each for each in found if each.run == word), found[-1] if found else None)
    if record is None:
        raise UsageError(f"there is no run '{word}' on this machine", "name its folder, such as runs/digits-abc123")
    results = Path(record.results)
    if not results.is_dir():
        message = f"nothing of {record.run} lies in {results}"
        raise UsageError(message, f"`tfinfra fetch {record.run}` brings it home; or name the folder that it is in now")
    return results


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
