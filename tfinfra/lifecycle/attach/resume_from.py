"""Finds the checkpoints of an earlier run: in ./runs, where that run's record says its results are, or in its store."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from tfinfra.compiler.facts import AtLaunch
from tfinfra.compiler.pipeline import Compiled, check_launch
from tfinfra.compiler.rules.data import is_url
from tfinfra.errors import ManifestError, UsageError
from tfinfra.manifest.tuning.schema import RUN
from tfinfra.store import ObjectStore
from tfinfra.store import keys as layout
from tfinfra.store.landing import Landing, Unplaceable, clashes, shown
from tfinfra.system.paths import state_folder

KIND = "checkpoints"
FETCHED = "fetched"


def checkpoints_to_resume(compiled: Compiled, folder: Path, scratch: Path) -> Path | None:
    """The folder of the checkpoints that the manifest's `resume_from` names, None where it names none or a URL.

    `folder` is where ./runs is; what must be fetched from a store goes to `scratch`. Raises ManifestError.
    """
    run = compiled.plan.resume_from
    if run is None or is_url(run):
        return None
    found = checkpoints_at_home(run, folder) or _in_store(run, scratch)
    check_launch(compiled.facts, AtLaunch(checkpoints=found is not None))
    return found


def refuse_missing_checkpoints(compiled: Compiled, folder: Path) -> None:
    """Raises ManifestError where the run that `resume_from` names has left no checkpoints; fetches none."""
    run = compiled.plan.resume_from
    if run is not None and not is_url(run):
        there = checkpoints_at_home(run, folder) is not None or bool(_stored(run)[1])
        check_launch(compiled.facts, AtLaunch(checkpoints=there))


def checkpoints_at_home(run: str, folder: Path) -> Path | None:
    """Those in ./runs of `folder`, or where the run's record says; None where there are none."""
    from tfinfra.lifecycle.record.run_record import run_folder

    if not re.fullmatch(RUN, run):
        return None
    record = run_folder(state_folder(), run).read()
    results = [folder / "runs" / run, *([Path(record.results)] if record else [])]
    kept = (each / KIND for each in results)
    return next((each for each in kept if each.is_dir() and any(each.iterdir())), None)


def _in_store(run: str, scratch: Path) -> Path | None:
    """Fetched out of the run's store. Raises ManifestError for a checkpoint whose name cannot be a file here: a model
    restored from the others may be another one."""
    store, keys = _stored(run)
    if store is None:
        return None
    names = {key: layout.output_path(key) for key in keys}
    with Landing(scratch / FETCHED) as landing:
        odd = clashes(names.values(), folds=landing.folds())
        for name, reason in odd.items():
            raise _unplaceable(name, reason)
        for key, name in names.items():
            try:
                landing.land(name, partial(store.get_file, key))
            except Unplaceable as error:
                raise _unplaceable(name, str(error)) from error
    return scratch / FETCHED / KIND if keys else None


def _stored(run: str) -> tuple[ObjectStore | None, list[str]]:
    """The run's store, where there is one, and the keys of its checkpoints."""
    from tfinfra.lifecycle.attach.find_run import find_run

    try:
        store = find_run(run).store
    except UsageError:
        return None, []
    return store, list(store.list(f"{layout.OUTPUTS}/{KIND}")) if store is not None else []


def _unplaceable(name: str, reason: str) -> ManifestError:
    return ManifestError(f"the checkpoint '{shown(name)}' cannot be fetched: {reason}")
