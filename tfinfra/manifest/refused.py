"""Keys that tfinfra knows and refuses: the estimator's other arguments, with what to write instead."""

from __future__ import annotations

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
