"""Where points and remarks wait for the store: a file for each task, which several processes append whole lines to."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.model import Logged
from tfinfra.store import chunk_of


def add_points(paths: NodePaths, logged: Sequence[Logged]) -> None:
    """Appends what one task has logged, in one write: its own processes append to the file too (script/script_run.py).
    Raises OSError."""
    if logged:
        descriptor = os.open(paths.points(logged[0].task), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, chunk_of(logged))
        finally:
            os.close(descriptor)
