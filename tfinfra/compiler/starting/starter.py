"""A manifest and a training script to begin with: those of examples/digits, for each backend."""

from __future__ import annotations

import yaml

from tfinfra.backends.registry import backend
from tfinfra.system.resources import resource_folder

MANIFEST, SCRIPT = "train.yaml", "train.py"
_HELPER = "digits.py"
_ASKED = ("node_count", "process_count_per_node", "distributed_backend", "worker_count", "parameter_server_count")
ONE_NODE = """\
# Two nodes with Horovod: a script that uses it, and
# node_count: 2
# distributed_backend: mpi
"""
ENDING = """\
compute_target: local       # the cloud embedded in tfinfra: no account, no cost
# compute_target: {cloud: azure, location: eastus, vm_size: Standard_NC4as_T4_v3}
# use_gpu: true

limits:
  max_run_duration: 1h      # everything is deleted then, whatever happens

# A search for the best parameters: `tfinfra explain tune` shows how it is written.
"""
SCHEMA_LINE = "# yaml-language-server: $schema={}\n"


def starter_files(name: str | None, schema: str) -> dict[str, str]:
    """{path: text}, the manifest first; `schema` is the file with the manifest's JSON Schema. Raises KeyError for a
    backend that there is not; for None, one without any."""
    folder = resource_folder("examples") / "digits"
    begun = backend(name)
    keys = yaml.safe_load((folder / f"{begun.example}.yaml").read_text(encoding="utf-8"))
    script = (folder / keys["entry_script"]).read_text(encoding="utf-8")
    helper = (folder / _HELPER).read_text(encoding="utf-8")
    more = "" if begun.many_nodes else ONE_NODE
    return {MANIFEST: _manifest(keys, more, schema), SCRIPT: script, _HELPER: helper}


def _manifest(keys: dict[str, object], more: str, schema: str) -> str:
    asked = "".join(f"{key}: {keys[key]}\n" for key in _ASKED if key in keys)
    packages = keys["pip_packages"]
    assert isinstance(packages, list)  # noqa: S101  the example is ours
    return (
        f"{SCHEMA_LINE.format(schema)}"
        "# What to train and how it is distributed; `tfinfra explain KEY` says what a key means.\n"
        f"# `tfinfra plan {MANIFEST}` shows what comes of it, `tfinfra up {MANIFEST}` runs it.\n"
        f"entry_script: {SCRIPT}\nscript_params:\n  --epochs: 5\n"
        f"pip_packages: [{', '.join(packages)}]\n\n"
        f"{more or asked}\n{ENDING}"
    )
