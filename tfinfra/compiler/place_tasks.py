"""Spec → tasks: who does what on which node, as the backend places them."""

from __future__ import annotations

from tfinfra.backends.registry import backend
from tfinfra.model import Spec, Task

MOST_TASKS = 10_000


def place_tasks(spec: Spec, gpus: int) -> tuple[Task, ...] | None:
    """The tasks, `gpus` of each node for them to use; None where there are more than one run coordinates."""
    chosen = backend(spec.backend)
    return chosen.tasks(spec, gpus) if chosen.task_count(spec) <= MOST_TASKS else None
