"""Where points wait for the store: a file for each task, which several processes append whole lines to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tfinfra.model import Point
from tfinfra.store import chunk_of


class PointsFiles:
    """The files in `folder`. A task's own processes append to them too (script/script_run.py)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, task: str) -> Path:
        return self._folder / f"{task}.jsonl"

    def add(self, points: Sequence[Point]) -> None:
        """Appends points of one task, in one write. Raises OSError."""
        if points:
            descriptor = os.open(self.path(points[0].task), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, chunk_of(points))
            finally:
                os.close(descriptor)
