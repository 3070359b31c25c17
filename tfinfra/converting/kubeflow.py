"""Kubeflow's TFJob and MPIJob. Keys: kubeflow.org, "TFJob" and "MPI Training (MPIJob)"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfinfra.converting.azure_ml_job import put_version
from tfinfra.converting.commands import put_command, with_variables
from tfinfra.converting.draft import NO_TARGET, Draft, Taken
from tfinfra.manifest.document import Document, KeyPath

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
    job.take("metadata", "namespace")
    labels = {str(name): job.text("metadata", "labels", name) or "" for name in job.mapping("metadata", "labels")}
    draft.tags(labels, {name: job.at("metadata", "labels", name) for name in labels})
    for policy in (("spec", "runPolicy"), ("spec",)):
        seconds = job.take(*policy, "activeDeadlineSeconds")
        if isinstance(seconds, int):
            draft.put("limits", {"max_run_duration": seconds})
        for key in ("cleanPodPolicy", "ttlSecondsAfterFinished", "suspend", "backoffLimit"):
            job.take(*policy, key)
    specs = ("spec", "tfReplicaSpecs") if is_tfjob(document.data) else ("spec", "mpiReplicaSpecs")
    kinds = {str(kind): _count(job, *specs, kind) for kind in job.mapping(*specs)}
    if is_tfjob(document.data):
        _tf_counts(draft, kinds)
    else:
        _mpi_counts(job, draft, kinds)
    order = (*_TRAINING, *kinds) if is_tfjob(document.data) else ("Launcher", *kinds)
    leader = next((kind for kind in order if kind in kinds), None)
    for kind in kinds:
        _pods(job, draft, (*specs, kind), is_leader=kind == leader)
    job.finish()


def _count(job: Taken, *path: str) -> int:
    count = job.take(*path, "replicas")
    job.take(*path, "restartPolicy")
    return count if isinstance(count, int) else 1


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
    for key in ("mpiImplementation", "sshAuthMountPath", "launcherCreationPolicy"):
        job.take("spec", key)


def _pods(job: Taken, draft: Draft, path: tuple[str, ...], *, is_leader: bool) -> None:
    """One kind of replica: the leader's container says what to run; the others' resources count as well."""
    containers = job.take(*path, "template", "spec", "containers")
    base: KeyPath = (*path, "template", "spec", "containers", 0)
    if not isinstance(containers, list) or not containers or not isinstance(containers[0], Mapping):
        draft.note("there is no container here", job.at(*path), "write entry_script")
        return
    container = containers[0]
    if is_leader:
        _environment(job, draft, base, container)
        _command(job, draft, base, container)
        image = container.get("image")
        if isinstance(image, str):
            put_version(draft, image, job.document.key((*base, "image")), "image")
    _gpus(job, draft, base, container)
    for key in container:
        if key in ("volumeMounts", "ports", "securityContext", "lifecycle") and is_leader:
            draft.note(f"'{key}' has no equivalent", job.document.key((*base, key)), _OTHERS.get(key))
    for key in ("volumes", "nodeSelector", "tolerations", "imagePullSecrets", "serviceAccountName", "initContainers"):
        if key in job.mapping(*path, "template", "spec"):
            draft.note(f"'{key}' has no equivalent", job.at(*path, "template", "spec", key), _OTHERS.get(key))
    job.take(*path, "template")


_OTHERS = {
    "volumeMounts": "data is an input: inputs: {data: {path: ./data}}",
    "volumes": "data is an input: inputs: {data: {path: ./data}}",
    "ports": "tasks reach each other without it",
    "nodeSelector": "vm_size says what every node is",
}


def _command(job: Taken, draft: Draft, base: KeyPath, container: Mapping[str, Any]) -> None:
    words: list[str] = []
    for key in ("command", "args"):
        given = container.get(key)
        written = (
            [job.document.texts.get((*base, key, i), "") for i in range(len(given))] if isinstance(given, list) else []
        )
        words += written
    at = next((p for key in ("command", "args") if (p := job.document.key((*base, key)))), None)
    if not words:
        where = job.document.key((*base, "image")) or job.document.key((*base, "name"))
        draft.note("the container runs what its image says", where, "write the training script as entry_script")
        return
    found = put_command(draft, [with_variables(word, draft) for word in words], at, "command")
    ranks, workers = (found.ranks if found else None), draft.keys.get("node_count", 1)
    if is_mpijob(job.document.data) and ranks and ranks % workers == 0:
        draft.put("process_count_per_node", ranks // workers)


def _environment(job: Taken, draft: Draft, base: KeyPath, container: Mapping[str, Any]) -> None:
    given = container.get("env")
    for index, one in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            continue
        at = job.document.key((*base, "env", index, "name"))
        if "value" in one:
            text = job.document.texts.get((*base, "env", index, "value"), "")
            draft.variables({one["name"]: text}, {one["name"]: at})
        elif "secretKeyRef" in str(one.get("valueFrom")) and re.fullmatch(r"[A-Za-z_]\w*", one["name"]):
            draft.secret(one["name"])
        else:
            draft.note(f"the variable {one['name']} comes from the cluster", at, "write it in environment_variables")


def _gpus(job: Taken, draft: Draft, base: KeyPath, container: Mapping[str, Any]) -> None:
    resources = container.get("resources")
    for part in ("limits", "requests"):
        inner = resources.get(part) if isinstance(resources, Mapping) else None
        count = inner.get("nvidia.com/gpu") if isinstance(inner, Mapping) else None
        if count:
            at = job.document.key((*base, "resources", part, "nvidia.com/gpu"))
            draft.note(
                f"of which kind the GPUs are is not said ({count} a node)", at, f"write use_gpu: true; {NO_TARGET}"
            )
            return
