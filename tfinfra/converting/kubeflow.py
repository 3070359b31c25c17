"""Kubeflow's TFJob and MPIJob. Keys: kubeflow.org, "TFJob" and "MPI Training (MPIJob)"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tfinfra.converting.commands import put_command
from tfinfra.converting.draft import NO_TARGET, Draft, Taken, removed
from tfinfra.converting.versions import PACKAGES, put_version
from tfinfra.manifest.document import Document, KeyPath
from tfinfra.manifest.key_schema import VARIABLE
from tfinfra.manifest.words.foreign_words import told

TFJOB, MPIJOB = "tfjob", "mpijob"
_IGNORED = ("apiVersion", "kind")
_TRAINING = ("Chief", "Master", "Worker")


def is_tfjob(data: Mapping[str, Any]) -> bool:
    """Whether a document is a TFJob."""
    return data.get("kind") == "TFJob"


def is_mpijob(data: Mapping[str, Any]) -> bool:
    """Whether a document is an MPIJob."""
    return data.get("kind") == "MPIJob"


def convert(document: Document, draft: Draft) -> None:
    """The job's keys into the draft."""
    job = Taken(document, draft)
    for key in _IGNORED:
        job.take(key)
    draft.name(job.take("metadata", "name"))
    labels = {str(name): job.text("metadata", "labels", name) or "" for name in job.mapping("metadata", "labels")}
    draft.tags(labels, {name: job.at("metadata", "labels", name) for name in labels})
    for policy in (("spec", "runPolicy"), ("spec",)):
        seconds = job.take(*policy, "activeDeadlineSeconds")
        if isinstance(seconds, int):
            draft.put("limits", {"max_run_duration": seconds})
        if job.mapping(*policy).get("cleanPodPolicy") in ("Running", "All"):
            job.take(*policy, "cleanPodPolicy")
        for key, why in _TRIED.items():
            if job.take(*policy, key):
                draft.note(f"'{key}' has no equivalent", job.at(*policy, key), why)
    specs = ("spec", "tfReplicaSpecs") if is_tfjob(document.data) else ("spec", "mpiReplicaSpecs")
    kinds = {str(kind): _count(job, draft, *specs, kind) for kind in job.mapping(*specs)}
    if is_tfjob(document.data):
        _tf_counts(draft, kinds)
    else:
        _mpi_counts(job, draft, kinds)
    order = (*_TRAINING, *kinds) if is_tfjob(document.data) else ("Launcher", *kinds)
    leader = min(
        (kind for kind in order if kind in kinds), key=lambda kind: not _containers(job, *specs, kind), default=None
    )
    if leader is not None:
        pod = _pod(job, draft, (*specs, leader))
        _lead(job, draft, (*specs, leader), pod)
        for kind in (kind for kind in kinds if kind != leader):
            _follow(job, draft, (*specs, kind), pod, is_mpi=is_mpijob(document.data))
    job.finish()


_ONCE = "a run is tried once"
_TRIED = {"backoffLimit": _ONCE, "suspend": "`tfinfra up` begins at once"}


def _count(job: Taken, draft: Draft, *path: str) -> int:
    count = job.number(*path, "replicas")
    policy = job.text(*path, "restartPolicy")
    if policy and policy != "Never":
        draft.note(f"restartPolicy: {policy} has no equivalent", job.at(*path, "restartPolicy"), _ONCE)
    return 1 if count is None else count


def _tf_counts(draft: Draft, kinds: Mapping[str, int]) -> None:
    workers = sum(count for kind, count in kinds.items() if kind in _TRAINING)
    if kinds.get("PS"):
        draft.keys.update(distributed_backend="ps", worker_count=max(workers, 1), parameter_server_count=kinds["PS"])
        draft.put("node_count", max(workers, kinds["PS"]) if max(workers, kinds["PS"]) > 1 else None)
        if kinds.get("Evaluator"):
            draft.keys.update(tf_config="estimator", evaluator_count=1)
    elif workers > 1:
        draft.keys.update(distributed_backend="multi_worker", node_count=workers)


def _mpi_counts(job: Taken, draft: Draft, kinds: Mapping[str, int]) -> None:
    draft.put("distributed_backend", "mpi")
    slots = job.take("spec", "slotsPerWorker")
    draft.put("process_count_per_node", slots if isinstance(slots, int) and slots > 1 else 1)
    draft.put("node_count", kinds.get("Worker", 1))
    for key, own in (("mpiImplementation", "OpenMPI"), ("launcherCreationPolicy", "AtStartup")):
        if job.mapping("spec").get(key) == own:
            job.take("spec", key)


def _containers(job: Taken, *path: str) -> Sequence[Any]:
    """What a kind of replica starts: a chief without a template has the workers' command."""
    found = job.mapping(*path, "template", "spec").get("containers")
    return found if isinstance(found, list) and found and isinstance(found[0], Mapping) else ()


def _pod(job: Taken, draft: Draft, path: KeyPath) -> Mapping[str, Any]:
    """The specification of one kind of replica; {} where it has no container."""
    spec = job.mapping(*path, "template", "spec")
    job.take(*path, "template")
    if _containers(job, *(str(part) for part in path)):
        return spec
    hint = "every task runs entry_script" if "entry_script" in draft.keys else "write entry_script"
    draft.note("there is no container here", job.at(*path), hint)
    return {}


def _lead(job: Taken, draft: Draft, path: KeyPath, pod: Mapping[str, Any]) -> None:
    """The replica whose container says what to run."""
    base: KeyPath = (*path, "template", "spec", "containers", 0)
    if not pod:
        return
    container = pod["containers"][0]
    _environment(job, draft, base, container)
    if isinstance(image := container.get("image"), str):
        put_version(draft, image, job.at(*base, "image"), "image")
    _command(job, draft, base, container)
    _gpus(job, draft, base, container)
    _rest(job, draft, path, pod, {})
    for key in job.mapping(*path, "template", "metadata"):
        if key in ("annotations", "labels"):
            at = job.at(*path, "template", "metadata", key)
            draft.note(f"the pods' {key} have no equivalent", at, "tags are those of the run")


def _follow(job: Taken, draft: Draft, path: KeyPath, leading: Mapping[str, Any], *, is_mpi: bool) -> None:
    """The other replicas: their resources count as well. What they have and the leader has not is not kept."""
    pod = _pod(job, draft, path)
    base: KeyPath = (*path, "template", "spec", "containers", 0)
    if not pod:
        return
    container, first = pod["containers"][0], leading["containers"][0] if leading else {}
    _gpus(job, draft, base, container)
    if first and container.get("image") not in (None, first.get("image")):
        what = f"{path[-1]} has another image than the first: every task has the same environment"
        draft.note(what, job.at(*base, "image"), PACKAGES)
    words = [str(word) for key in ("command", "args") for word in _listed(container, key)]
    same = words == [str(word) for key in ("command", "args") for word in _listed(first, key)]
    if words and not same and (not is_mpi or any(".py" in word for word in words)):
        at = job.at(*base, "command") or job.at(*base, "args")
        hint = "branch in the script by TF_CONFIG's task type"
        draft.note(f"{path[-1]} runs another command than the first: every task runs entry_script", at, hint)
    for index, one in enumerate(_listed(container, "env")):
        if one not in _listed(first, "env") and isinstance(one, Mapping):
            at = job.at(*base, "env", index, "name") or job.at(*base, "env")
            what = f"the variable {one.get('name')} is of {path[-1]} alone: every task has the same variables"
            key = (
                "its name in secrets" if "secretKeyRef" in str(one.get("valueFrom")) else "it in environment_variables"
            )
            draft.note(what, at, f"write {key} where it holds for all")
    _rest(job, draft, path, pod, leading)


def _rest(job: Taken, draft: Draft, path: KeyPath, pod: Mapping[str, Any], leading: Mapping[str, Any]) -> None:
    """Notes what of a pod has no equivalent, and was not said of the leader's already."""
    spec: KeyPath = (*path, "template", "spec")
    first = leading["containers"][0] if leading else {}
    for key, value in pod["containers"][0].items():
        if key not in _OF_CONTAINER and first.get(key) != value:
            at = job.at(*spec, "containers", 0, key)
            draft.note(f"'{key}' has no equivalent", at, _mounted(value) if key == "volumeMounts" else _instead(key))
    _amounts(job, draft, (*spec, "containers", 0), pod["containers"][0], first)
    for index in range(1, len(pod["containers"])):
        if pod["containers"][index] not in leading.get("containers", ())[1:]:
            at = job.at(*spec, "containers", index)
            draft.note("a second container has no equivalent", at, "a node runs the training alone")
    for key, value in pod.items():
        is_ours = key == "containers" or (key == "restartPolicy" and value == "Never")
        if not is_ours and leading.get(key) != value:
            draft.note(f"'{key}' has no equivalent", job.at(*spec, key), _instead(key))


def _amounts(job: Taken, draft: Draft, base: KeyPath, container: Mapping[str, Any], first: Mapping[str, Any]) -> None:
    """Cores, memory and devices other than NVIDIA's GPUs: the size of a node has them."""
    limits = _amount(container, "limits")
    for part, inner in (("limits", limits), ("requests", _amount(container, "requests"))):
        for key, value in inner.items():
            said = key == "nvidia.com/gpu" or (part == "requests" and key in limits)
            if not said and _amount(first, part).get(key) != value:
                at = job.at(*base, "resources", part, key)
                draft.note(f"'{part}.{key}' has no equivalent", at, _OTHERS["nodeSelector"])


def _amount(container: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    resources = container.get("resources")
    inner = resources.get(part) if isinstance(resources, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _instead(key: str) -> str | None:
    """What stands here for a key of a pod or a container."""
    return _OTHERS.get(key) or removed(told(key))


_OF_CONTAINER = ("name", "image", "command", "args", "env", "resources")
_OTHERS = {
    "volumeMounts": "data is an input: inputs: {data: {path: ./data}}",
    "volumes": "data is an input: inputs: {data: {path: ./data}}",
    "ports": "tasks reach each other without it",
    "nodeSelector": "vm_size says what every node is",
    "workingDir": "a run starts in source_directory",
    "envFrom": "write each variable in environment_variables, or its name in secrets",
}


def _mounted(mounts: Any) -> str:
    """What stands here for a volume, with the path that a command may have."""
    paths = [one.get("mountPath") for one in mounts if isinstance(one, Mapping)] if isinstance(mounts, list) else []
    if not paths or not isinstance(paths[0], str):
        return _OTHERS["volumeMounts"]
    return f"{_OTHERS['volumeMounts']}, and ${{TFINFRA_INPUT_DATA}} where the command has '{paths[0]}'"


def _listed(container: Mapping[str, Any], key: str) -> list[Any]:
    given = container.get(key)
    return given if isinstance(given, list) else []


def _words(job: Taken, base: KeyPath, container: Mapping[str, Any]) -> list[str]:
    """The command line of a container, each word as written."""
    return [
        job.document.texts.get((*base, key, index), "")
        for key in ("command", "args")
        for index in range(len(_listed(container, key)))
    ]


def _command(job: Taken, draft: Draft, base: KeyPath, container: Mapping[str, Any]) -> None:
    words = _words(job, base, container)
    at = next((p for key in ("command", "args") if (p := job.at(*base, key))), None)
    if not words:
        where = job.at(*base, "image") or job.at(*base, "name")
        draft.note("the container runs what its image says", where, "write the training script as entry_script")
        return
    put_command(draft, words, at, "command")


def _environment(job: Taken, draft: Draft, base: KeyPath, container: Mapping[str, Any]) -> None:
    for index, one in enumerate(_listed(container, "env")):
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            continue
        at = job.at(*base, "env", index, "name")
        if "value" in one:
            text = job.document.texts.get((*base, "env", index, "value"), "")
            draft.variables({one["name"]: text}, {one["name"]: at})
        elif "secretKeyRef" in str(one.get("valueFrom")) and re.fullmatch(VARIABLE, one["name"]):
            draft.secret(one["name"])
        else:
            draft.note(f"the variable {one['name']} comes from the cluster", at, "write it in environment_variables")


def _gpus(job: Taken, draft: Draft, base: KeyPath, container: Mapping[str, Any]) -> None:
    for part in ("limits", "requests"):
        if count := _amount(container, part).get("nvidia.com/gpu"):
            at = job.at(*base, "resources", part, "nvidia.com/gpu")
            draft.note(
                f"of which kind the GPUs are is not said ({count} a node)", at, f"write use_gpu: true; {NO_TARGET}"
            )
            return
