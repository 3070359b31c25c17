"""The resolved manifest: a manifest again, with every default visible. It compiles to the same plan."""

from __future__ import annotations

from typing import Any

from tfinfra.compiler.search import fixed_params
from tfinfra.manifest.manifest import Manifest
from tfinfra.manifest.tuning.keys import policy_as_written, space_as_written
from tfinfra.model import Input, Spec, to_json
from tfinfra.model.tuning import Tune

_HEAD = "# What tfinfra made of the manifest: every default is visible, and it is a manifest itself.\n"


def resolved_text(manifest: Manifest, spec: Spec) -> str:
    """YAML; the same manifest and spec give the same bytes."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(resolved_keys(manifest, spec), Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return _HEAD + str(text)


def resolved_keys(manifest: Manifest, spec: Spec) -> dict[str, Any]:
    """The keys of the resolved manifest, in the order of the file, as plain values."""
    cap = {} if spec.limits.max_cost_usd is None else {"max_cost_usd": spec.limits.max_cost_usd}
    limits = {"max_run_duration": spec.limits.max_run_duration, "keep_outputs": spec.limits.keep_outputs, **cap}
    return {
        "name": spec.name,
        "source_directory": spec.source_directory,
        "entry_script": spec.entry_script,
        "script_params": {flag: _parameter(values) for flag, values in fixed_params(manifest).items()},
        "framework_version": spec.requirements.framework_version,
        "python_version": spec.requirements.python_version,
        "pip_packages": list(manifest.pip_packages),
        **({"pip_requirements_file": manifest.pip_requirements_file} if manifest.pip_requirements_file else {}),
        **({"source_builds": list(manifest.source_builds)} if manifest.source_builds else {}),
        **_conda_keys(manifest, spec),
        **({"setup_script": spec.setup_script} if spec.setup_script else {}),
        "environment_variables": spec.environment_variables,
        "secrets": list(spec.secrets),
        "inputs": {i.name: {**_path_or_url(i), "mode": i.mode} for i in spec.inputs},
        **({"resume_from": spec.resume_from} if spec.resume_from else {}),
        "use_gpu": spec.use_gpu,
        "node_count": spec.node_count,
        "distributed_backend": manifest.distributed_backend,
        "process_count_per_node": spec.process_count_per_node,
        "worker_count": spec.worker_count,
        "parameter_server_count": spec.parameter_server_count,
        "tf_config": spec.dialect or manifest.tf_config,
        "evaluator_count": spec.evaluator_count,
        "compute_target": _target_keys(spec),
        "limits": limits,
        "on_failure": {"hold": spec.hold_on_failure} if spec.hold_on_failure else "delete",
        **({"metrics": {k: v for k, v in to_json(spec.metrics).items() if v is not None}} if spec.metrics else {}),
        **({"tune": _search_keys(spec.tune)} if spec.tune else {}),
        "tags": spec.tags,
    }


def _search_keys(tune: Tune) -> dict[str, Any]:
    return {
        **to_json(tune),
        "parameter_space": space_as_written(tune.parameter_space),
        "policy": policy_as_written(tune.policy) if tune.policy else None,
    }


def _conda_keys(manifest: Manifest, spec: Spec) -> dict[str, Any]:
    """Where the manifest asks for conda packages: its keys as written, the channels as they were chosen."""
    if not spec.requirements.conda:
        return {}
    file = manifest.conda_dependencies_file
    return {
        "conda_packages": list(manifest.conda_packages),
        "conda_channels": list(spec.requirements.conda_channels),
        **({"conda_dependencies_file": file} if file else {}),
    }


def _path_or_url(given: Input) -> dict[str, str]:
    return {"path": given.path} if given.path is not None else {"url": str(given.url)}


def _parameter(values: tuple[str, ...]) -> str | list[str] | None:
    if len(values) == 1 and values[0]:
        return values[0]
    return list(values) if values else None


def _target_keys(spec: Spec) -> dict[str, Any]:
    target = spec.target
    return {
        "cloud": target.cloud,
        "location": _one_or_more(target.location, target.other_locations),
        "vm_size": _one_or_more(target.vm_size, target.other_vm_sizes),
        "vm_priority": target.vm_priority,
        "os_disk_gb": target.os_disk_gb,
        **{key: value for key in _OPTIONAL if (value := getattr(target, key)) is not None},
        **{key: value for key, value in to_json(target.sources).items() if value},
    }


_OPTIONAL = (
    *("max_price", "image", "zone", "subnet_id", "capacity_reservation_id"),
    *("identity_id", "store", "reaper_id", "subscription_id", "max_nodes"),
)


def _one_or_more(first: str, others: tuple[str, ...]) -> str | list[str]:
    return [first, *others] if others else first
