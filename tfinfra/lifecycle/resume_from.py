"""Finds the checkpoints of an earlier run: in ./runs, where that run's record says its results are, or in its store."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from tfinfra import layout
from tfinfra.compiler.data_rules import is_url
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import ManifestError, UsageError
from tfinfra.manifest.document import error_at
from tfinfra.paths import state_folder
from tfinfra.store import ObjectStore

KIND = "checkpoints"


def checkpoints_to_resume(compiled: Compiled, folder: Path, scratch: Path) -> Path | None:
    """The folder of the checkpoints that the manifest's `resume_from` names, None where it names none or a URL.

    `folder` is where ./runs is; what must be fetched from a store goes to `scratch`. Raises ManifestError.
    """
    wanted = compiled.plan.resume_from
    if wanted is None or is_url(wanted):
        return None
    found = _at_home(wanted, folder) or _in_store(wanted, scratch)
    if found is None:
        message = f"there are no checkpoints of a run '{wanted}' to resume from"
        hint = "`tfinfra runs` lists the runs; a Blob URL is taken too"
        found_at = error_at(compiled.manifest.document, "TFI727", ("resume_from",), message, hint)
        raise ManifestError(message, hint, (found_at,))
    return found


def _at_home(run: str, folder: Path) -> Path | None:
    from tfinfra.lifecycle.record import run_folder

    if not re.fullmatch(r"[a-z][a-z0-9-]*", run):
        return None
    record = run_folder(state_folder(), run).read()
    places = [folder / "runs" / run, *([Path(record.results)] if record else [])]
    return next((p / KIND for p in places if _has_files(p / KIND)), None)


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _in_store(run: str, scratch: Path) -> Path | None:
    from tfinfra.lifecycle.access import find_run

    try:
        store = find_run(run).store
    except UsageError:
        return None
    return _fetched(store, scratch) if store is not None else None


def _fetched(store: ObjectStore, scratch: Path) -> Path | None:
    keys = store.list(f"{layout.OUTPUTS}/{KIND}")
    for key in keys:
        path = scratch.joinpath(*PurePosixPath(layout.output_path(key)).parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        store.get_file(key, path)
    return scratch / KIND if keys else None
