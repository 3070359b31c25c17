"""Where points wait for the store: a file for each task, which several processes append whole lines to."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.model import Point
from tfinfra.store import chunk_of


def add_points(paths: NodePaths, points: Sequence[Point]) -> None:
    """Appends points of one task, in one write: its own processes append to the file too (script/script_run.py). Raises
    OSError."""
    if points:
        descriptor = os.open(paths.points(points[0].task), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, chunk_of(points))
        finally:
            os.close(descriptor)
