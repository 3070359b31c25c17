"""Manifest + target → Spec: every default filled in."""

from __future__ import annotations

from tfinfra.backends.registry import backend
from tfinfra.catalog.tensorflow import full_version
from tfinfra.compiler.packages.requirements import (
    all_constraints,
    all_requirements,
    conda_channels,
    conda_specs,
    takes_prereleases,
)
from tfinfra.compiler.project import Project
from tfinfra.compiler.search import fixed_params, search
from tfinfra.compiler.source.dialect import Dialect
from tfinfra.manifest.manifest import Manifest
from tfinfra.model import Input, Limits, MetricsWanted, Requirements, Spec, Target


def resolve(manifest: Manifest, project: Project, target: Target, dialect: Dialect | None) -> Spec:
    """The Spec of a manifest whose shape is right."""
    return Spec(
        name=manifest.name or project.stem,
        source_directory=manifest.source_directory,
        entry_script=manifest.entry_script,
        arguments=arguments(manifest),
        requirements=_requirements(manifest, project, target),
        environment_variables=dict(manifest.environment_variables),
        use_gpu=manifest.use_gpu,
        node_count=manifest.node_count,
        backend=backend(manifest.distributed_backend).name,
        process_count_per_node=manifest.process_count_per_node,
        worker_count=manifest.worker_count,
        parameter_server_count=manifest.parameter_server_count,
        evaluator_count=manifest.evaluator_count,
        dialect=dialect.name if dialect else None,
        target=target,
        limits=Limits(manifest.max_run_duration, manifest.limits.keep_outputs, manifest.limits.max_cost_usd),
        hold_on_failure=manifest.on_failure,
        tags=dict(manifest.tags),
        setup_script=manifest.setup_script,
        secrets=manifest.secrets,
        inputs=tuple(Input(name, i.mode, i.path, i.url) for name, i in manifest.inputs.items()),
        resume_from=manifest.resume_from,
        metrics=_metrics(manifest),
        tune=search(manifest),
    )


def arguments(manifest: Manifest) -> tuple[str, ...]:
    """The script's command line: each flag, then its values. Of a tune those that no trial has of its own."""
    return tuple(word for flag, values in fixed_params(manifest).items() for word in (flag, *values))


def _metrics(manifest: Manifest) -> MetricsWanted | None:
    """Of a tune the metric that decides is the one that is shown."""
    given = manifest.metrics
    primary = manifest.tune.primary_metric_name if manifest.tune else given.primary
    wanted = MetricsWanted(primary, given.tracking_uri, given.token)
    return None if wanted == MetricsWanted() else wanted


def _requirements(manifest: Manifest, project: Project, target: Target) -> Requirements:
    specs = conda_specs(manifest, project)
    return Requirements(
        framework_version=full_version(manifest.framework_version),
        python_version=manifest.python_version,
        pip=all_requirements(manifest, project),
        horovod=backend(manifest.distributed_backend).horovod,
        gpu=manifest.use_gpu,
        conda=specs,
        conda_channels=conda_channels(manifest, project) if specs else (),
        source_builds=manifest.source_builds,
        constraints=all_constraints(manifest, project),
        prereleases=takes_prereleases(manifest, project),
        sources=target.sources,
    )
