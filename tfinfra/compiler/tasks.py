"""Spec → tasks: who does what on which node, as the backend places them."""

from __future__ import annotations

from tfinfra.backends.registry import backend
from tfinfra.model import Spec, Task

MOST_TASKS = 10_000


def place_tasks(spec: Spec, gpus: int) -> tuple[Task, ...] | None:
    """The tasks, `gpus` of each node for them to use; None where there are more than one run coordinates."""
    return backend(spec.backend).tasks(spec, gpus) if task_count(spec) <= MOST_TASKS else None


def task_count(spec: Spec) -> int:
    """How many tasks there are, told before any is made."""
    if spec.backend == "mpi":
        return spec.node_count * spec.process_count_per_node
    return spec.worker_count + spec.parameter_server_count + spec.evaluator_count
