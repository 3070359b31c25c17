"""A manifest and a training script to begin with: those of examples/digits, for each backend."""

from __future__ import annotations

import yaml

from tfinfra.system.resources import resource_folder

MANIFEST, SCRIPT = "train.yaml", "train.py"
_HELPER = "digits.py"
_OF_BACKENDS = {"single": "single", "mpi": "horovod", "ps": "coordinator", "multi_worker": "multi_worker"}
"""{backend: the example whose script and keys it begins with}"""
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
"""
SCHEMA_LINE = "# yaml-language-server: $schema={}\n"


def starter_files(backend: str, schema: str) -> dict[str, str]:
    """{path: text}, the manifest first; `schema` is the file with the manifest's JSON Schema. Raises KeyError for a
    backend that there is not."""
    folder = resource_folder("examples") / "digits"
    example = _OF_BACKENDS[backend]
    keys = yaml.safe_load((folder / f"{example}.yaml").read_text(encoding="utf-8"))
    script = (folder / keys["entry_script"]).read_text(encoding="utf-8")
    helper = (folder / _HELPER).read_text(encoding="utf-8")
    return {MANIFEST: _manifest(keys, backend, schema), SCRIPT: script, _HELPER: helper}


def _manifest(keys: dict[str, object], backend: str, schema: str) -> str:
    asked = "".join(f"{key}: {keys[key]}\n" for key in _ASKED if key in keys)
    packages = keys["pip_packages"]
    assert isinstance(packages, list)  # noqa: S101  the example is ours
    return (
        f"{SCHEMA_LINE.format(schema)}"
        "# What to train and how it is distributed; `tfinfra explain KEY` says what a key means.\n"
        f"# `tfinfra plan {MANIFEST}` shows what comes of it, `tfinfra up {MANIFEST}` runs it.\n"
        f"entry_script: {SCRIPT}\nscript_params:\n  --epochs: 5\n"
        f"pip_packages: [{', '.join(packages)}]\n\n"
        f"{ONE_NODE if backend == 'single' else asked}\n{ENDING}"
    )
