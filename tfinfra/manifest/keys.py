"""Every key of manifest.md: its Cerberus rules and its meaning. Defaults are the fields of Manifest; what is refused
stands in refused.py.

Type "text" is a scalar whose written form counts (`1.10`, `1e-3`, `no`).
"""

from __future__ import annotations

from typing import Any

NAME = r"[a-z][a-z0-9-]{0,23}"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
VERSION = r"[0-9]+(\.[0-9]+){1,3}((a|b|rc|\.post|\.dev)[0-9]+)?"
DURATION = r"[0-9]{1,10} ?[smhd]?"
DELETE = r"[dD]elete"
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

FORMS = {
    NAME: "a lower-case letter, then at most 23 of a-z, 0-9 and '-'",
    VARIABLE: "letters, digits and '_', not beginning with a digit",
    VERSION: "a version such as 2.15.1",
    DURATION: "30m, 24h, 7d, or a number of seconds",
    DELETE: "delete, or {hold: 30m}",
    GUID: "an id such as 00000000-0000-0000-0000-000000000000",
}

Rules = dict[str, Any]


def _rules(kind: str | list[str], meaning: str, **rules: Any) -> Rules:
    return {"type": kind, **rules, "meta": {"meaning": meaning}}


def _count(meaning: str, least: int = 1, most: int = 100_000) -> Rules:
    return _rules("integer", meaning, min=least, max=most)


def _lines(meaning: str) -> Rules:
    return _rules("list", meaning, nullable=True, schema={"type": "text", "minlength": 1})


def _duration(meaning: str) -> Rules:
    return _rules("text", meaning, text_regex=DURATION)


TARGET: dict[str, Rules] = {
    "cloud": _rules("string", "where: azure, or local for the cloud embedded in tfinfra", allowed=["azure", "local"]),
    "location": _rules("string", "the Azure region", minlength=1),
    "vm_size": _rules("string", "the Azure size of every node", minlength=1),
    "vm_priority": _rules("string", "how nodes are bought", allowed=["dedicated"]),
    "os_disk_gb": _rules("integer", "the system disk of every node, in GB", min=64, max=4095),
    "subscription_id": _rules("text", "the Azure subscription; the caller's default where absent", text_regex=GUID),
    "max_nodes": _count("the most nodes that a run on this target may have"),
}

LIMITS: dict[str, Rules] = {
    "max_run_duration": _duration("everything is deleted after this long, counted from the first write to the cloud"),
    "keep_outputs": _duration("how long the outputs stay in the cloud after the deadline"),
}

MANIFEST: dict[str, Rules] = {
    "name": _rules("text", "names the run's resources; the file's stem where absent", text_regex=NAME),
    "source_directory": _rules("text", "copied to every node; relative to the manifest", minlength=1),
    "entry_script": _rules("text", "the training script, relative to source_directory", required=True, minlength=1),
    "script_params": _rules(
        "dict",
        'the script\'s command line: flag → value, order kept; null or "" is a bare flag, a list repeats values',
        nullable=True,
        keysrules={"type": "string", "minlength": 1},
        valuesrules={"type": ["text", "list"], "nullable": True, "schema": {"type": "text"}},
    ),
    "framework_version": _rules("text", "TensorFlow's version", text_regex=VERSION),
    "python_version": _rules("text", "Python's version in the training environment", text_regex=VERSION),
    "pip_packages": _lines("requirement specs beside TensorFlow, which is always installed"),
    "pip_requirements_file": _rules("text", "a requirements file, relative to source_directory", minlength=1),
    "environment_variables": _rules(
        "dict",
        "plain text as written; appears in the artefacts",
        nullable=True,
        keysrules={"type": "string", "text_regex": VARIABLE},
        valuesrules={"type": "text", "nullable": True},
    ),
    "use_gpu": _rules("boolean", "the GPU build of TensorFlow, on a size with GPUs"),
    "node_count": _count("how many nodes"),
    "distributed_backend": _rules(
        "string",
        "null: one task; mpi: Horovod on Open MPI; ps: parameter server",
        nullable=True,
        allowed=["mpi", "ps"],
    ),
    "process_count_per_node": _count("mpi: ranks on each node"),
    "worker_count": _count("ps: workers"),
    "parameter_server_count": _count("ps: parameter servers"),
    "tf_config": _rules(
        "string",
        "ps: the dialect of TF_CONFIG; auto reads the script's names",
        allowed=["auto", "cluster_spec", "estimator", "coordinator"],
    ),
    "evaluator_count": _count("ps, estimator and coordinator: an evaluator", least=0, most=1),
    "compute_target": _rules(
        ["string", "dict"], "local, a name of compute_targets.yaml, or the target itself", minlength=1, schema=TARGET
    ),
    "vm_size": _rules("string", "short for an azure compute_target of that size", minlength=1),
    "vm_priority": _rules("string", "with vm_size: how nodes are bought", allowed=["dedicated"]),
    "limits": _rules("dict", "hard limits of a run", nullable=True, schema=LIMITS),
    "max_run_duration_seconds": _count("short for limits.max_run_duration", most=365 * 86400),
    "on_failure": _rules(
        ["string", "dict"],
        "delete, or {hold: 30m}: keep the nodes for a look, never past the deadline",
        nullable=True,
        text_regex=DELETE,
        schema={"hold": {**_duration("how long"), "required": True}},
    ),
    "tags": _rules(
        "dict",
        "on every resource",
        nullable=True,
        keysrules={"type": "string", "minlength": 1, "maxlength": 512},
        valuesrules={"type": "text", "nullable": True, "maxlength": 256},
    ),
}

SPELLINGS = {
    "pip_requirements_file_path": "pip_requirements_file",
    "conda_dependencies_file_path": "conda_dependencies_file",
}
"""Another spelling → the key it means."""
