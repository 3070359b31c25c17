"""Keys that tfinfra knows and refuses: the estimator's other arguments, with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.backends.registry import BACKENDS, backend_called

ESTIMATOR = {
    "use_docker": "remove it: the environment is locked packages, the same on every node, without a container",
    "custom_docker_image": "list its Python packages in pip_packages or pip_requirements_file",
    "custom_docker_base_image": "list its Python packages in pip_packages or pip_requirements_file",
    "image_registry_details": "remove it: no container image is pulled",
    "environment_definition": "write framework_version, python_version and pip_packages",
    "user_managed": "remove it: tfinfra builds the environment from framework_version and pip_packages",
    "shm_size": "remove it: tasks run without a container and have the node's whole shared memory",
    "distributed_training": "write distributed_backend: mpi with process_count_per_node, or ps with worker_count",
    "source_directory_data_store": "remove it: the source directory travels with the run's own storage",
}

MEANS_NOTHING: dict[str, tuple[bool, ...]] = {"use_docker": (True, False), "user_managed": (False,)}
"""Values of these keys that ask for what is the case: the estimator's defaults. None of any of them does too."""

STANDS_FOR = {"distributed_training": "distributed_backend"}
"""{a refused key: the key that has its meaning here}. That this one is absent then is no error of its own."""


def is_refused(key: str, value: object) -> bool:
    """Whether `key: value` asks for what tfinfra does not have."""
    return key in ESTIMATOR and value is not None and not any(value is off for off in MEANS_NOTHING.get(key, ()))


def way_out(key: str, value: object) -> str:
    """What to write instead of a refused `key: value`; `value` of an object is a mapping of its type and its counts."""
    if key not in STANDS_FOR or not isinstance(value, Mapping):
        return ESTIMATOR[key]
    meant = backend_called(str(value.get("type")))
    if meant is None:
        return ESTIMATOR[key]
    counts = (f", {name}: {count}" for name, count in value.items() if name in ("node_count", *BACKENDS[meant].keys))
    return f"write {STANDS_FOR[key]}: {meant}{''.join(counts)}"
