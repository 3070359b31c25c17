"""Spec → tasks → Plan: who does what on which node, and the infrastructure; no addresses yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tfinfra.backends.registry import backend
from tfinfra.compiler.target.infrastructures import infrastructures
from tfinfra.model import SCHEMA, Limits, Plan, Pool, Spec, Task
from tfinfra.model.spec import TUNE_DURATION

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
        node_count=spec.all_nodes,
        processes_per_node=spec.process_count_per_node,
        gpus_per_node=gpus,
        use_gpu=spec.use_gpu,
        base_port=BASE_PORT,
        tasks=tuple(tasks),
        entry_script=spec.entry_script,
        arguments=spec.arguments,
        environment_variables=spec.environment_variables,
        requirements=spec.requirements,
        limits=_limits(spec),
        hold_on_failure=spec.hold_on_failure,
        infrastructure=first,
        alternatives=tuple(others),
        setup_script=spec.setup_script,
        secrets=spec.secrets,
        inputs=spec.inputs,
        resume_from=spec.resume_from,
        metrics=spec.metrics,
        tune=spec.tune,
        pool=_pool(spec),
    )


def _limits(spec: Spec) -> Limits:
    """Those of the run: a tune ends after a time of its own, and max_run_duration is each trial's."""
    if spec.tune is None:
        return spec.limits
    return replace(spec.limits, max_run_duration=spec.tune.max_duration_minutes * 60, duration_key=TUNE_DURATION)


def _pool(spec: Spec) -> Pool | None:
    if spec.tune is None:
        return None
    longest = min(spec.limits.max_run_duration, _limits(spec).max_run_duration)
    return Pool(spec.trials_at_once, spec.node_count, longest)
