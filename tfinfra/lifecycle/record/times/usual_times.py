"""How long a run's phases took the last time, by what this machine remembers."""

from __future__ import annotations

from pathlib import Path

from tfinfra.azure.deletion.group_names import RUN_ID, name_of_run
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord, run_folder, runs_folder
from tfinfra.model import Target

LOOKED_AT = 5
"""Runs of the name, the newest ones: in none of the last five may a phase have come to its end."""
_END = "_seconds"


def usual_seconds(state: Path, name: str, target: Target, rehearse: bool, *, on_held: bool = False) -> dict[str, float]:
    """The seconds of each phase in the newest run of this name, on the same kind of cloud, that came to its end; phases
    that never did are not in it. `on_held`: of further runs, for which most is there already, else of all others."""
    folder = runs_folder(state)
    if not folder.is_dir():
        return {}
    known = [p for p in folder.iterdir() if RUN_ID.fullmatch(p.name) and name_of_run(p.name) == name]
    newest = sorted(known, key=_changed)[-LOOKED_AT:]
    found: dict[str, float] = {}
    for path in newest:
        record = run_folder(state, path.name).read()
        if record is not None and _kind(record) == (target.cloud, rehearse, on_held):
            found |= {key.removesuffix(_END): value for key, value in record.times.items() if key.endswith(_END)}
    return found


def usual_of(record: RunRecord, folder: RunFolder) -> dict[str, float]:
    """The same for the run of this record, whose folder is `folder`."""
    state, on_held = folder.runs.parent, record.on is not None
    return usual_seconds(state, record.name, record.target, record.rehearse, on_held=on_held)


def _kind(record: RunRecord) -> tuple[str, bool, bool]:
    return record.target.cloud, record.rehearse, record.on is not None


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # removed meanwhile
        return 0.0
