"""Spec → tasks → Plan: who does what on which node, and the infrastructure; no addresses yet."""

from __future__ import annotations

from collections.abc import Sequence

from tfinfra.backends.registry import backend
from tfinfra.compiler.target.infrastructures import infrastructures
from tfinfra.model import SCHEMA, Plan, Spec, Task

BASE_PORT = 2222
MOST_TASKS = 10_000


def place_tasks(spec: Spec, gpus: int) -> tuple[Task, ...] | None:
    """The tasks, `gpus` of each node for them to use; None where there are more than one run coordinates."""
    chosen = backend(spec.backend)
    return chosen.tasks(spec, gpus) if chosen.task_count(spec) <= MOST_TASKS else None


def make_plan(spec: Spec, tasks: Sequence[Task], gpus: int) -> Plan:
    """The plan of `spec`, `gpus` of each node usable by `tasks`, whichever of the target's sizes it gets."""
    first, *others = infrastructures(spec)
    return Plan(
        schema=SCHEMA,
        name=spec.name,
        backend=spec.backend,
        dialect=spec.dialect,
        node_count=spec.node_count,
        processes_per_node=spec.process_count_per_node,
        gpus_per_node=gpus,
        use_gpu=spec.use_gpu,
        base_port=BASE_PORT,
        tasks=tuple(tasks),
        entry_script=spec.entry_script,
        arguments=spec.arguments,
        environment_variables=spec.environment_variables,
        requirements=spec.requirements,
        limits=spec.limits,
        hold_on_failure=spec.hold_on_failure,
        infrastructure=first,
        alternatives=tuple(others),
        setup_script=spec.setup_script,
        secrets=spec.secrets,
        inputs=spec.inputs,
        resume_from=spec.resume_from,
        metrics=spec.metrics,
    )
