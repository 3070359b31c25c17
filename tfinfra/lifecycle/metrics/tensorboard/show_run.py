"""TensorBoard of a run: on a mirror of its ./logs while it goes on, then on those that came home, or that lie in its
store where not all has come home."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tfinfra.errors import UsageError, first_line
from tfinfra.lifecycle.attach.attached_run import came_to_nothing, must_be_readable, recorded, run_is_over
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.of_a_tune import is_tune, trials_have
from tfinfra.lifecycle.metrics.tensorboard.board import Board, board
from tfinfra.lifecycle.metrics.tensorboard.mirror import Collected, ComingLogs, Mirror
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.store import ObjectStore, store_errors
from tfinfra.system.progress import Progress

LOOK = 5.0
"""Seconds between two looks for what has changed."""
NEWEST = "2.20"


@dataclass
class ShownRun:
    """TensorBoard answers at `url`; `logs` is the folder that it reads."""

    url: str
    logs: Path
    _board: Board
    _coming: ComingLogs | None
    _progress: Progress
    _told: str = ""

    def until_interrupted(self) -> None:
        """Brings what the run writes, until whoever looks has seen enough: that is no failure. Raises NotFeasible where
        TensorBoard ends by itself."""
        with suppress(KeyboardInterrupt):
            self._board.watch(self._look, LOOK)

    def _look(self) -> None:
        if self._coming is None:
            return
        try:
            self._coming.look()
        except store_errors() as error:
            trouble = f"nothing new comes of the run: {first_line(error)}"
            if trouble != self._told:
                self._progress(trouble)
            self._told = trouble


@contextmanager
def show_run(found: FoundRun, port: int | None, progress: Progress) -> Iterator[ShownRun]:
    """Raises UsageError where there are no ./logs to show any more, and what `board` raises."""
    must_be_readable(found)
    if is_tune(found):
        raise trials_have(found, "./logs", "tensorboard")
    with tempfile.TemporaryDirectory(prefix="tfinfra-tensorboard-") as folder:
        work = Path(folder)
        coming = None
        if found.store is None or (found.record is not None and found.record.fetched):
            logs = _at_home(recorded(found))
        else:
            logs = work / "logs"
            logs.mkdir()
            coming = _coming(found, found.store, logs)
        with board(logs, _version(found), port, work, progress) as running:
            yield ShownRun(running.url, logs, running, coming, progress)


def _coming(found: FoundRun, store: ObjectStore, logs: Path) -> ComingLogs:
    """What brings the ./logs of a run whose store is there: node 0 mirrors them until its tasks end. Raises UsageError
    where the nodes have collected all, and there are none."""
    over = run_is_over(found)
    if found.outcome is None and found.ended_unreadably is None and not over:
        return Mirror(store, logs)
    collected = Collected(store, logs)
    if not collected.look() and over:
        raise _nothing(found.run)
    return collected


def _at_home(record: RunRecord) -> Path:
    if record.came_to_nothing:
        raise came_to_nothing(record)
    logs = Path(record.results) / "logs"
    if not logs.is_dir():
        raise _nothing(record.run)
    return logs


def _nothing(run: str) -> UsageError:
    hint = "TensorBoard's callback is given log_dir='logs': what is in ./logs comes home"
    return UsageError(f"{run} left nothing in ./logs", hint=hint)


def _version(found: FoundRun) -> str:
    try:
        return found.folder.plan().requirements.framework_version
    except (OSError, ValueError):  # lost with its copy of the deploy folder
        return NEWEST
