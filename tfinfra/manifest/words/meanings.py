"""Words of other tools whose value says which keys are meant: {word: value → our keys, or a sentence, or None}."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tfinfra.backends.registry import backend_called
from tfinfra.catalog.gpu_names import gpus_of, size_with
from tfinfra.manifest.words.command_lines import Started, commands, is_move, moved, started, values_of
from tfinfra.manifest.words.foreign_paths import unreadable
from tfinfra.manifest.words.foreign_table import KEYS
from tfinfra.manifest.words.tensorflow_meant import container, installed
from tfinfra.manifest.words.written import OPEN, fitted, input_places

Meant = dict[str, Any] | str | None

_OTHER_FRAMEWORKS = (
    "pytorch",
    "torch",
    "jax",
    "ray",
    "nccl",
    "deepspeed",
    "mxnet",
    "xgboost",
    "paddle",
    "spark",
    "dask",
)
ONE_FRAMEWORK = "tfinfra trains TensorFlow: distributed_backend is mpi, ps or multi_worker"
_SPOT = ("spot", "auto", "true", "preemptible", "low_priority", "lowpriority", "low-priority", "low")
_GPU_SIZES = "use_gpu: true and a vm_size with such GPUs: `tfinfra catalog sizes --gpu` lists them"


def command(value: Any) -> Meant:
    """A command line, or several."""
    if isinstance(value, (list, tuple)):
        texts = [str(each) for each in value if isinstance(each, (str, int, float))]
        is_words = bool(texts) and not any(" " in each for each in texts) and len(texts) > 1
        value = texts if is_words else "\n".join(texts)
    found = started(value) if isinstance(value, (str, list)) else None
    keys = keys_of(found) if found else {}
    entry = keys.get("entry_script", "$")
    if "$" in entry or "{{" in entry or (isinstance(value, str) and _leads_elsewhere(value)):
        return None
    return {**keys, **_left_open(keys.get("script_params", {}))}


def _leads_elsewhere(text: str) -> bool:
    """Whether nobody can say in which folder a command line starts its script."""
    folder: str | None = ""
    for line in commands(text):
        folder = moved(line, folder) if is_move(line) else folder
    return folder is None


def _left_open(params: Mapping[str, Any]) -> dict[str, Any]:
    """What another tool or a shell puts in a parameter's place is not what the script gets."""
    shown = {flag: OPEN if re.search(r"\$|\{\{", str(each)) else each for flag, each in params.items()}
    return {"script_params": shown} if shown else {}


def keys_of(found: Started) -> dict[str, Any]:
    """What a command line says, as keys of a manifest."""
    keys: dict[str, Any] = {"entry_script": found.entry_script}
    if found.script_params:
        keys["script_params"] = values_of(found.script_params)
    if found.environment:
        keys["environment_variables"] = found.environment
    if found.launcher:
        keys["distributed_backend"] = "mpi"
    if found.per_node and found.per_node > 1:
        keys["process_count_per_node"] = found.per_node
    if found.ranks and found.per_node and found.ranks % found.per_node == 0 and found.ranks > found.per_node:
        keys["node_count"] = found.ranks // found.per_node
    elif found.ranks and not found.per_node and found.ranks > 1:
        keys["process_count_per_node"] = found.ranks
    return keys


def gpus(value: Any) -> Meant:
    """SkyPilot's `accelerators`, dstack's `gpu`, Kubernetes' nvidia.com/gpu."""
    if isinstance(value, bool):
        return {"use_gpu": value}
    if value in (0, "0"):
        return {"use_gpu": False}
    found = gpus_of(value)
    if found is None:
        return f"write {_GPU_SIZES}"
    size = size_with(found)
    return {"use_gpu": True, "compute_target": {"cloud": "azure", "vm_size": size}} if size else f"write {_GPU_SIZES}"


def spot(value: Any) -> Meant:
    """Whether nodes may be taken back."""
    if isinstance(value, (Mapping, list)):
        return None
    if value is None:
        return {"vm_priority": "low_priority"}
    return {"vm_priority": "low_priority" if str(value).lower() in _SPOT else "dedicated"}


def resources(value: Any) -> Meant:
    """`resources` of Azure ML's jobs, of SkyPilot and dstack."""
    if not isinstance(value, Mapping):
        return None
    limits = value.get("limits", value.get("requests"))
    if isinstance(limits, Mapping):
        return resources(limits)
    meant: dict[str, Any] = {}
    size = value.get("instance_type")
    count = next((value[key] for key in ("instance_count", "node_count", "nodes", "num_nodes") if key in value), None)
    if isinstance(count, int):
        meant["node_count"] = count
    named = next((value[key] for key in _GPU_KEYS if key in value), None)
    found = gpus(named) if named is not None else None
    target: dict[str, Any] = {"vm_size": size} if isinstance(size, str) else {}
    if isinstance(found, dict):
        target |= {} if target else {k: v for k, v in found.get("compute_target", {}).items() if k != "cloud"}
        meant |= {key: each for key, each in found.items() if key != "compute_target"}
    if isinstance(region := value.get("region", value.get("location")), str):
        target["location"] = region
    asked = next((value[key] for key in _SPOT_KEYS if key in value), None)
    if asked is not None and (priority := spot(asked)) is not None:
        target |= priority if isinstance(priority, dict) and priority["vm_priority"] != "dedicated" else {}
    if target:
        meant["compute_target"] = {"cloud": "azure", **target}
    return meant or (found if isinstance(found, str) else None)


_GPU_KEYS = ("accelerators", "gpu", "gpus", "gpu_count", "nvidia.com/gpu", "accelerator")
_SPOT_KEYS = ("use_spot", "spot", "spot_policy", "job_tier")


def priority(value: Any) -> Meant:
    """`priority` of a target's nodes; the one of a queue, which there is not, is None."""
    word = str(value).lower().replace("-", "_")
    if word in ("spot", "lowpriority", "low_priority", "preemptible"):
        return {"vm_priority": "low_priority"}
    return {"vm_priority": "dedicated"} if word in ("dedicated", "regular", "on_demand") else None


def data(value: Any) -> Meant:
    """Where data is; one that nodes cannot read has its reason."""
    return next((why for place in input_places(value) if (why := unreadable(place))), None)


def distribution(value: Any) -> Meant:
    """`distribution` of Azure ML's jobs, `distributed_training` of its SDK."""
    if isinstance(value, str):
        kind, counts = value, {}
    elif isinstance(value, Mapping):
        kind, counts = str(value.get("type", value.get("distribution_type", value.get("framework", "")))), dict(value)
    else:
        return None
    if kind.lower() in _OTHER_FRAMEWORKS:
        return ONE_FRAMEWORK
    if kind.lower() == "tensorflow":
        ps = counts.get("parameter_server_count") or 0
        name = "ps" if ps else "multi_worker"
        return {
            "distributed_backend": name,
            **({"worker_count": counts.get("worker_count", 1)} if ps else {}),
            **_some(counts),
        }
    found = backend_called(kind)
    return {"distributed_backend": found, **_some(counts)} if found else None


def _some(counts: Mapping[str, Any]) -> dict[str, Any]:
    per_node = counts.get("process_count_per_instance", counts.get("process_count_per_node"))
    servers = counts.get("parameter_server_count")
    return {
        **({"process_count_per_node": per_node} if isinstance(per_node, int) else {}),
        **({"parameter_server_count": servers} if isinstance(servers, int) and servers else {}),
    }


def mpi(value: Any) -> Meant:
    """`mpi: {processCountPerNode: 2}` of a run configuration."""
    counts = {_form(key): each for key, each in value.items()} if isinstance(value, Mapping) else {}
    per_node = counts.get("process_count_per_node", counts.get("process_count"))
    return {"distributed_backend": "mpi", **({"process_count_per_node": per_node} if isinstance(per_node, int) else {})}


def tensorflow(value: Any) -> Meant:
    """A version, or `tensorflow: {workerCount: 2, parameterServerCount: 1}` of a run configuration."""
    if isinstance(value, (str, int, float)):
        return {"framework_version": value}
    counts = {_form(key): each for key, each in value.items()} if isinstance(value, Mapping) else {}
    own = {key: counts[key] for key in ("worker_count", "parameter_server_count") if isinstance(counts.get(key), int)}
    return {"distributed_backend": "ps", **own} if own else None


def _form(key: Any) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in str(key)).strip("_")


def environment(value: Any) -> Meant:
    """`environment` of Azure ML's jobs (a name, or an image with a conda file), of others a mapping of variables."""
    if isinstance(value, Mapping):
        if isinstance(value.get("conda_file"), str):
            return {"conda_dependencies_file": value["conda_file"]}
        if value and all(str(key).isupper() for key in value):
            return {"environment_variables": dict(value)}
        inner = value.get("environment_variables")
        return {"environment_variables": dict(inner)} if isinstance(inner, Mapping) else None
    if isinstance(value, list) and value and all(isinstance(each, str) and "=" in each for each in value):
        return {"environment_variables": value}
    return None


def processes(value: Any) -> Meant:
    """horovodrun's -np."""
    if not isinstance(value, int) or isinstance(value, bool):
        return "write distributed_backend: mpi, with node_count times process_count_per_node ranks"
    return f"write distributed_backend: mpi, with node_count times process_count_per_node = {value} ranks"


def nodes_by_processes(value: Any) -> Meant:
    """TorchX's `-j 2x4`: nodes by processes on each."""
    nodes, by, each = str(value).partition("x")
    if by and nodes.isdigit() and each.isdigit():
        return {"node_count": int(nodes), "process_count_per_node": int(each)}
    return {"node_count": value} if isinstance(value, int) else "write node_count and process_count_per_node"


def hosts(value: Any) -> Meant:
    """`h1:4,h2:4`."""
    named = [part for part in str(value or "").split(",") if ":" in part]
    slots = {part.rpartition(":")[2] for part in named}
    if named and len(slots) == 1 and (each := slots.pop()).isdigit():
        return {"distributed_backend": "mpi", "node_count": len(named), "process_count_per_node": int(each)}
    return None


def module(value: Any) -> Meant:
    """A module that Python runs."""
    return {"entry_script": f"-m {value}"} if isinstance(value, str) and value.replace(".", "").isidentifier() else None


def setup(value: Any) -> Meant:
    """Set-up commands, which are a script of their own here, or packages."""
    texts = value if isinstance(value, list) else [value]
    packages = [text for text in texts if isinstance(text, str) and "pip install" in text and "\n" not in text.strip()]
    for text in packages if len(packages) == len(texts) == 1 else ():
        words = text.split()[text.split().index("install") + 1 :]
        if len(words) == 2 and words[0] == "-r":
            return {"pip_requirements_file": words[1]}
        if words and not any(word.startswith("-") or word in ("&&", ";", "|") for word in words):
            return _of_packages(words)
    if isinstance(value, (str, list)) and not str(value).endswith((".sh", ".bash")):
        return "write these lines to a file, and name it: setup_script: setup.sh; packages belong in pip_packages"
    return None


def _of_packages(words: list[str]) -> Meant:
    named = installed([word.strip("\"'") for word in words])
    if named is None:
        return "write framework_version and python_version: they say which TensorFlow is installed"
    return named or "remove it: TensorFlow is always installed, framework_version says which"


def mpi_replicas(value: Any) -> Meant:
    """`mpiReplicaSpecs` alone."""
    return replicas({"mpiReplicaSpecs": value})


def replicas(value: Any) -> Meant:
    """`tfReplicaSpecs`, `mpiReplicaSpecs`, or a spec that holds them."""
    if not isinstance(value, Mapping):
        return None
    inner = next((value[key] for key in ("tfReplicaSpecs", "mpiReplicaSpecs") if key in value), value)
    if not isinstance(inner, Mapping):
        return None
    counts = {str(kind).lower(): _count(each) for kind, each in inner.items() if isinstance(each, Mapping)}
    if "launcher" in counts or "mpiReplicaSpecs" in value:
        slots = value.get("slotsPerWorker")
        several = {"process_count_per_node": slots} if isinstance(slots, int) and slots > 1 else {}
        return {"distributed_backend": "mpi", "node_count": counts.get("worker", 1), **several}
    workers = sum(counts.get(kind, 0) for kind in ("worker", "chief", "master"))
    evaluators = {"evaluator_count": counts["evaluator"]} if counts.get("evaluator") else {}
    if "ps" in counts:
        servers = {"worker_count": max(workers, 1), "parameter_server_count": counts["ps"]}
        return {"distributed_backend": "ps", **servers, **evaluators}
    return {"distributed_backend": "multi_worker", "node_count": workers} if workers else None


def _count(value: Mapping[str, Any]) -> int:
    count = value.get("replicas", 1)
    return count if isinstance(count, int) else 1


def packages(value: Any) -> Meant:
    """A file of requirements, or a list as conda's files have it."""
    if isinstance(value, str) and value.endswith((".txt", ".in")):
        return {"pip_requirements_file": value}
    if isinstance(value, str) and value.endswith((".yml", ".yaml")):
        return {"conda_dependencies_file": value}
    nested = [each for each in value if isinstance(each, Mapping) and "pip" in each] if isinstance(value, list) else []
    if nested and isinstance(nested[0]["pip"], list):
        plain = [each for each in value if isinstance(each, str)]
        return {**({"conda_packages": plain} if plain else {}), "pip_packages": nested[0]["pip"]}
    named = fitted("pip_packages", value)
    return _of_packages(named) if named else None


def python(value: Any) -> Meant:
    """A version, or the interpreter's path."""
    if isinstance(value, Mapping):
        return "write python_version, pip_packages and conda_packages at the top level"
    return {"python_version": value}


def timeout(value: Any) -> Meant:
    """A limit that is switched off."""
    if value in (-1, 0, "off", "-1") or value is False:
        return "remove it: without limits: {max_run_duration: …} a run ends after 24h"
    return None


def metadata(value: Any) -> Meant:
    """Kubernetes' `metadata`, whose name is the job's."""
    named = value.get("name") if isinstance(value, Mapping) else None
    return {"name": named} if isinstance(named, str) else None


MEANINGS: dict[str, Callable[[Any], Meant]] = {
    **dict.fromkeys(("command", "commands", "run", "cmd", "tasks", "training_command", "train_command"), command),
    **dict.fromkeys(("entrypoint", "entry_point"), command),
    **dict.fromkeys(("accelerators", "accelerator", "gpu", "gpus", "gpu_count", "num_gpus", "gpu_type"), gpus),
    **dict.fromkeys(("gpus_per_node", "nvidia_com_gpu", "accelerator_type", "accelerator_count"), gpus),
    **dict.fromkeys(
        ("use_spot", "spot", "spot_policy", "preemptible", "job_tier", "low_priority", "interruptible"), spot
    ),
    **dict.fromkeys(("capacity_type", "use_preemptible", "is_preemptible", "spot_instances"), spot),
    **dict.fromkeys(("resources", "resource", "resource_config", "resource_configuration"), resources),
    **dict.fromkeys(("distribution", "distributed"), distribution),
    **dict.fromkeys(("mpi", "horovod", "horovod_settings", "mpi_settings", "mpi_configuration"), mpi),
    **dict.fromkeys(("tensorflow", "tensor_flow", "tensor_flow_settings", "tensorflow_settings"), tensorflow),
    "parameter_server": lambda value: {"distributed_backend": "ps", "parameter_server_count": value or 1},
    "environment": environment,
    **dict.fromkeys(("conda", *KEYS["pip_packages"].split()), packages),
    **dict.fromkeys(("np", "num_proc", "num_processes", "n_proc", "world_size", "ntasks"), processes),
    "j": nodes_by_processes,
    **dict.fromkeys(("hosts", "host", "h", "hostnames"), hosts),
    **dict.fromkeys(("module", "python_module", "entry_module", "m"), module),
    **dict.fromkeys(("setup", "setup_command", "setup_commands", "init_commands", "pre_commands"), setup),
    **dict.fromkeys(("spec", "tf_replica_specs", "replica_specs"), replicas),
    "mpi_replica_specs": mpi_replicas,
    "metadata": metadata,
    "priority": priority,
    **dict.fromkeys(KEYS["inputs"].split(), data),
    **dict.fromkeys(("image", "image_id", "vm_image", "os_image", "docker_image", "container_image"), container),
    **dict.fromkeys(("docker", "container", "base_image", "image_uri", "master_image"), container),
    "python": python,
    **dict.fromkeys(("timeout", "max_duration"), timeout),
}
