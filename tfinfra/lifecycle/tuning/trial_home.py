"""The files of trials on their way home, beside the trials that follow: into trials/<number>/ of the tune's results."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tfinfra.errors import first_line
from tfinfra.lifecycle.end.bring_home import Home, bring_home
from tfinfra.lifecycle.end.collect import run_document, write_results
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase
from tfinfra.lifecycle.record.trials import TRIALS
from tfinfra.model import Plan
from tfinfra.store import ObjectStore
from tfinfra.system.clock import right_now
from tfinfra.system.progress import Progress

_AT_ONCE = 2


def trial_results(tune: Path, number: int) -> Path:
    """Where the files of a trial are, in the results of its tune."""
    return tune / TRIALS / str(number)


class TrialsHome:
    """Brings trials home in threads of its own; `say` hears what does not come."""

    def __init__(self, plan: Plan, say: Progress) -> None:
        self._plan = plan
        self._say = say
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="trial-home")
        self._coming: list[Future[None]] = []

    def bring(self, folder: RunFolder, store: ObjectStore) -> None:
        """Begins to bring the trial home whose record is in `folder`."""
        self._coming = [one for one in self._coming if not one.done()]
        self._coming.append(self._pool.submit(self._bring, folder, store))

    def wait(self) -> None:
        """Until all that was begun has come, or cannot."""
        for one in self._coming:
            one.result()
        self._pool.shutdown()

    def _bring(self, folder: RunFolder, store: ObjectStore) -> None:
        try:
            home = bring_trial(folder, store, self._plan)
        except Exception as error:  # noqa: BLE001 - whatever a store or a disk says: the search goes on without it
            self._say(f"warning: {folder.path.name} did not come home: {first_line(error)}")
            return
        for note in home.lines():
            self._say(f"warning: {folder.path.name}: {note}")


def bring_trial(folder: RunFolder, store: ObjectStore, plan: Plan | None) -> Home:
    """Copies what a trial has left in its own folder of the tune's store, and records that. Raises what keeps all of it
    away."""
    record = folder.update()
    results = Path(record.results)
    home = bring_home(store, results, record.plan_tasks, record.shared)
    record = folder.update(phase=RunPhase.DELETED, fetched=not home.keeps, not_collected=home.missing)
    write_results(folder, run_document(record, plan, store, right_now()), results)
    return home


def copy_linked(source: Path, target: Path) -> None:
    """Makes `target` the folder that `source` is: hard links of its plain files, copies where the disk has none. What
    was there before goes."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> str:
    with suppress(OSError):
        os.link(source, target, follow_symlinks=False)
        return target
    return str(shutil.copy2(source, target, follow_symlinks=False))
