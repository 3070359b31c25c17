"""TensorBoard of a run: on the ./logs that came home, or on a mirror of them while the run goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tfinfra.errors import UsageError, first_line
from tfinfra.lifecycle.attach.attached_run import came_to_nothing, must_be_readable, recorded
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.metrics.tensorboard.board import Board, board
from tfinfra.lifecycle.metrics.tensorboard.mirror import Mirror
from tfinfra.store import store_errors
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
    _mirror: Mirror | None
    _progress: Progress
    _told: str = ""

    def until_interrupted(self) -> None:
        """Brings what the run writes, until whoever looks has seen enough: that is no failure. Raises NotFeasible where
        TensorBoard ends by itself."""
        with suppress(KeyboardInterrupt):
            self._board.watch(self._look, LOOK)

    def _look(self) -> None:
        if self._mirror is None:
            return
        try:
            self._mirror.look()
        except store_errors() as error:
            trouble = f"nothing new comes of the run: {first_line(error)}"
            if trouble != self._told:
                self._progress(trouble)
            self._told = trouble


@contextmanager
def show_run(found: FoundRun, port: int | None, progress: Progress) -> Iterator[ShownRun]:
    """Raises UsageError where there are no ./logs to show any more, and what `board` raises."""
    must_be_readable(found)
    with tempfile.TemporaryDirectory(prefix="tfinfra-tensorboard-") as folder:
        work = Path(folder)
        mirror = None
        if found.store is not None:
            logs = work / "logs"
            logs.mkdir()
            mirror = Mirror(found.store, logs)
        else:
            logs = _at_home(found)
        with board(logs, _version(found), port, work, progress) as running:
            yield ShownRun(running.url, logs, running, mirror, progress)


def _at_home(found: FoundRun) -> Path:
    record = recorded(found)
    if record.came_to_nothing:
        raise came_to_nothing(record)
    logs = Path(record.results) / "logs"
    if not logs.is_dir():
        hint = "TensorBoard's callback is given log_dir='logs': what is in ./logs comes home"
        raise UsageError(f"{record.run} left nothing in ./logs", hint=hint)
    return logs


def _version(found: FoundRun) -> str:
    try:
        return found.folder.plan().requirements.framework_version
    except (OSError, ValueError):  # lost with its copy of the deploy folder
        return NEWEST
