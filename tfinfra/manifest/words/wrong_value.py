"""The way out of a value of the right kind that only other tools take: `spot`, `ro_mount`, `1h30m`, `aws`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.key_schema import NAME, fitting_name
from tfinfra.manifest.tuning.words import VALUES
from tfinfra.manifest.words.meanings import ONE_FRAMEWORK
from tfinfra.manifest.words.odd_characters import what_is_odd
from tfinfra.manifest.words.tensorflow_meant import container
from tfinfra.manifest.words.written import duration

_MODES = {
    **dict.fromkeys(
        (
            "ro_mount",
            "rw_mount",
            "direct",
            "eval_mount",
            "mount_cached",
            "ro",
            "rw",
            "readonly",
            "readwrite",
            "mounted",
        ),
        "mount",
    ),
    **dict.fromkeys(("copy", "eval_download", "upload", "downloaded", "local"), "download"),
}
_PRIORITIES = {
    **dict.fromkeys(("spot", "low", "preemptible", "low-priority", "low priority", "auto"), "low_priority"),
    **dict.fromkeys(("on-demand", "on_demand", "ondemand", "regular", "standard", "high", "reserved"), "dedicated"),
}
_CLOUDS = ("aws", "gcp", "google", "kubernetes", "k8s", "lambda", "oci", "ibm", "runpod", "vast", "amazon")
_LOCAL = ("docker", "localhost", "none", "localdocker")
_BACKENDS = {
    **dict.fromkeys(("parameterserverstrategy", "parameter-server", "parameter servers", "parameterservers"), "ps"),
    **dict.fromkeys(("hvd", "allreduce", "ring", "ring-allreduce", "horovodrun", "mpirun", "mpijob"), "mpi"),
    **dict.fromkeys(("tf.distribute", "multi-worker-mirrored", "collectiveallreduce", "mwms"), "multi_worker"),
}
_REFERENCE = re.compile(r"\$\{{0,2} ?(?:secrets\.|env\.)?([A-Z_][A-Z0-9_]*) ?\}{0,2}")
"""A variable as shells and other tools refer to it; in capitals, as what else follows a '$' may be a secret itself."""
_ONE_NODE = ("mirrored", "mirroredstrategy", "mirrored_strategy", "single", "onedevice")
_TENSORFLOW = ("tensorflow", "tf", "distributed", "true", "tensorflowdistributed")
_OTHERS = ("nccl", "gloo", "pytorch", "torch", "ddp", "deepspeed", "fsdp", "ray", "jax", "torchrun", "pytorchddp")
_OFF = ("hold", "keep", "retain", "stop")
_DELETE = ("remove", "terminate", "destroy", "down", "never", "fail", "cleanup", "clean")


def way_out_of_wrong_value(path: KeyPath, value: Any) -> str | None:
    """What to write instead of `value`, None where that is not known."""
    text = str(value)
    if odd := what_is_odd(text):
        return odd
    if path[0] == "secrets" and (named := re.match(r"([A-Za-z_]\w*)[=:]", text)):
        return f"write the variable's name alone: {named[1]}"
    if path[0] == "secrets" and (named := _REFERENCE.fullmatch(text)):
        return f"write the variable's name alone: {named[1]}"
    known = _BY_KEY.get(str(path[-1]))
    return known(text.strip()) if known else None


def _duration(text: str) -> str | None:
    length = duration(text)
    return f"write {length}" if length and str(length) != text else None


def _on_failure(text: str) -> str | None:
    length = duration(text)
    if length:
        return f"write on_failure: {{hold: {length}}}"
    return "write on_failure: {hold: 30m}" if text.lower() in _OFF else _deleted(text)


def _deleted(text: str) -> str | None:
    return "write delete" if text.lower() in _DELETE else None


def _backend(text: str) -> str | None:
    if text.lower() in _BACKENDS:
        return f"write {_BACKENDS[text.lower()]}"
    if text.lower() in _ONE_NODE:
        return "remove the key: without it there is one task, which sees all GPUs of its node"
    if text.lower() in _TENSORFLOW:
        return "write ps for parameter servers, multi_worker for MultiWorkerMirroredStrategy, mpi for Horovod"
    return ONE_FRAMEWORK if text.lower() in _OTHERS else None


def _version(text: str) -> str | None:
    found = re.search(r"\d+\.\d+(\.\d+)*", text)
    return f"write {found[0]}" if found and found[0] != text else None


def _name(text: str) -> str | None:
    made = fitting_name(text)
    return f"write {made}: {_NAME_RULE}" if made != "training" and re.fullmatch(NAME, made) else None


_NAME_RULE = "a lower-case letter, then at most 23 of a-z, 0-9 and '-'"


def _cloud(text: str) -> str | None:
    if text.lower() in _CLOUDS:
        return "tfinfra trains on azure, or on local: the cloud embedded in it"
    return "write local" if text.lower() in _LOCAL else None


def _word(of: dict[str, str]) -> Callable[[str], str | None]:
    return lambda text: f"write {of[text.lower()]}" if text.lower() in of else None


_BY_KEY: dict[str, Callable[[str], str | None]] = {
    **dict.fromkeys(("max_run_duration", "keep_outputs", "hold"), _duration),
    "on_failure": _on_failure,
    "distributed_backend": _backend,
    "framework_version": _version,
    "python_version": lambda text: _version(text) or "a version such as 3.11",
    "name": _name,
    "cloud": _cloud,
    "mode": _word(_MODES),
    "vm_priority": _word(_PRIORITIES),
    "image": container,
    **{key: _word(words) for key, words in VALUES.items()},
}
