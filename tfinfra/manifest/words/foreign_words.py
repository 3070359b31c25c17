"""What other tools call a key: Azure ML's jobs and its SDK v1, Batch AI, Kubeflow's TFJob and MPIJob, SkyPilot, dstack,
Determined, Vertex AI, Slurm. A word is looked up in small letters, with '_' between its parts."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEYS = {
    "name": "experiment experiment_name display_name job_name run_name",
    "source_directory": "workdir working_dir working_directory code src source source_dir context snapshot",
    "entry_script": "script entrypoint entry_point main program training_script python_file",
    "script_params": "arguments args parameters params hyperparameters hparams script_args training_input",
    "framework_version": "tf_version tensorflow_version runtime_version tensorflow",
    "python_version": "python",
    "pip_packages": "packages pip requirements libraries dependencies pip_dependencies extra_pip_packages",
    "pip_requirements_file": "requirements_file requirements_txt",
    "conda_dependencies_file": "conda conda_file environment_file conda_env",
    "setup_script": "setup setup_command job_preparation startup_hook pre_launch_cmd init_script",
    "environment_variables": "env envs env_vars env_variables variables",
    "inputs": "data datasets dataset input file_mounts storage_mounts volumes mounts input_directories data_references",
    "use_gpu": "gpu gpus use_gpus",
    "node_count": "nodes num_nodes number_of_nodes nnodes instance_count replicas replica_count machine_count",
    "distributed_backend": "backend distribution distributed distribution_strategy communicator",
    "process_count_per_node": "process_count process_count_per_instance processes_per_node slots_per_worker"
    " nproc_per_node slots_per_trial ntasks_per_node ppn",
    "worker_count": "workers num_workers worker_replicas",
    "parameter_server_count": "ps ps_count num_ps ps_replicas num_parameter_servers parameter_servers",
    "evaluator_count": "evaluators num_evaluators",
    "compute_target": "target compute cluster",
    "vm_size": "size instance_type machine_type node_type sku master_type scale_tier instance_size",
    "vm_priority": "use_spot spot spot_policy preemptible job_tier",
    "limits": "constraints job_limits",
    "on_failure": "restart_policy",
    "tags": "labels properties metadata",
    "secrets": "secret secret_environment_variables",
    "resume_from": "checkpoint resume restore_from from_checkpoint",
}

_INSIDE = {
    "limits": {
        "max_run_duration": "timeout max_duration max_runtime time_limit walltime max_run_time job_timeout time"
        " active_deadline_seconds max_running_time max_wall_clock_time",
        "max_cost_usd": "max_cost budget cost_limit max_budget",
    },
    "compute_target": {
        "location": "region regions locations",
        "zone": "zones availability_zone",
        "os_disk_gb": "disk_size disk boot_disk_size_gb disk_size_gb",
        "subscription_id": "subscription",
        "subnet_id": "subnet virtual_network vnet",
    },
}

_SENTENCES = {
    "write the script as entry_script, and its arguments as script_params": "command commands run cmd"
    " tasks script_path",
    "write framework_version, python_version and pip_packages; variables are environment_variables": "environment",
    "remove it: TensorFlow is the framework, framework_version its version": "framework framework_name tf",
    "remove it: what the script writes to ./outputs comes home": "outputs output output_dir output_directories job_dir",
    "write entry_script: -m package.module": "module python_module entry_module",
    "write pip_packages: the environment is locked packages, without a container": "image docker container docker_image"
    " image_uri master_image container_settings",
    "write node_count, vm_size and use_gpu": "resources resource resource_config resource_configuration accelerators"
    " accelerator requirements_gpu",
    "write a comment, or tags": "description comment notes",
    "write a manifest's keys at the top: this is the form of Kubernetes": "api_version kind spec tf_replica_specs"
    " mpi_replica_specs run_policy",
    "remove it: a manifest is one training run": "type version job_type jobs searcher",
    "write distributed_backend, with the counts of its tasks": "tensor_flow_settings horovod_settings"
    " parameter_server mpi horovod",
}

TOP: dict[str, str] = {
    **{word: f"write {key}" for key, words in _KEYS.items() for word in words.split()},
    **{word: sentence for sentence, words in _SENTENCES.items() for word in words.split()},
    **{
        word: f"write it under {outer}: {{{key}: …}}"
        for outer, keys in _INSIDE.items()
        for key, words in keys.items()
        for word in (key, *words.split())
    },
}
"""{another tool's word for a key of a manifest, or a key that belongs one level down: what to write}"""

INSIDE: dict[str, dict[str, str]] = {
    outer: {word: f"write {key}" for key, words in keys.items() for word in words.split()}
    for outer, keys in _INSIDE.items()
}
"""{a key with keys of its own: {another tool's word for one of them: what to write}}"""


def in_our_form(word: str) -> str:
    """`instanceCount`, `Instance-Count` and `instance count` as instance_count."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)
    return re.sub(r"[-\s_.]+", "_", parted.lower()).strip("_")


def odd_letters(word: str, known: Iterable[str]) -> str | None:
    """What stands in `word` that nobody sees, or that looks like another letter; None for plain ASCII.

    `known`: the words that may be meant.
    """
    from unicodedata import name, normalize

    odd = [letter for letter in word if not "!" <= letter <= "~"]
    if not odd:
        return None
    named = ", ".join(dict.fromkeys(f"{name(letter, 'a character')} (U+{ord(letter):04X})" for letter in odd))
    plain = "".join(letter for letter in normalize("NFKC", word) if "!" <= letter <= "~")
    meant = next((key for key in known if key == plain or _looks_like(word, key)), None)
    return f"it holds {named}: {f'write {meant}' if meant else 'write it in plain letters'}"


def _looks_like(word: str, key: str) -> bool:
    """Whether `word` is `key` but for letters outside of ASCII."""
    return len(word) == len(key) and all(a == b or not a.isascii() for a, b in zip(word, key, strict=True))
