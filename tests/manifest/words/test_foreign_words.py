"""Who moves a file of another tool over, or slips with the pen, reads what to write."""

from __future__ import annotations

import re

import pytest

from tfinfra.manifest.key_schema import LIMITS, MANIFEST, TARGET
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import manifest_errors
from tfinfra.manifest.words.foreign_words import INSIDE, TOP, in_our_form

FOREIGN = {
    "Azure ML's job": {
        "display_name: a": "write name",
        "command: python train.py --lr 1": "write the script as entry_script, and its arguments as script_params",
        "code: ./src": "write source_directory",
        "environment: azureml:tf@latest": "write framework_version, python_version and pip_packages",
        "compute: azureml:gpu": "write compute_target",
        "resources: {instance_count: 2}": "write node_count, vm_size and use_gpu",
        "distribution: {type: mpi}": "write distributed_backend",
        "limits: {timeout: 3600}": "write max_run_duration",
        "experiment_name: digits": "write name",
    },
    "Azure ML's run configuration": {
        "script: train.py": "write entry_script",
        "arguments: [--lr, 1]": "write script_params",
        "framework: TensorFlow": "remove it: TensorFlow is the framework",
        "communicator: Mpi": "write distributed_backend",
        "nodeCount: 2": "did you mean 'node_count'?",
    },
    "Batch AI's job": {
        "tensorFlowSettings: {}": "write distributed_backend, with the counts of its tasks",
        "inputDirectories: []": "write inputs",
        "containerSettings: {}": "write pip_packages: the environment is locked packages, without a container",
    },
    "Kubeflow's TFJob": {
        "apiVersion: kubeflow.org/v1": "this is the form of Kubernetes",
        "kind: TFJob": "this is the form of Kubernetes",
        "spec: {}": "this is the form of Kubernetes",
        "metadata: {name: a}": "write tags",
    },
    "SkyPilot's task": {
        "num_nodes: 2": "write node_count",
        "workdir: .": "write source_directory",
        "envs: {A: b}": "write environment_variables",
        "setup: pip install -r requirements.txt": "write setup_script",
        "run: python train.py": "write the script as entry_script, and its arguments as script_params",
        "file_mounts: {/data: ./data}": "write inputs",
        "use_spot: true": "write vm_priority",
    },
    "dstack's task": {
        "type: task": "remove it: a manifest is one training run",
        "nodes: 2": "write node_count",
        "commands: [python train.py]": "write the script as entry_script, and its arguments as script_params",
        "spot_policy: auto": "write vm_priority",
        "max_duration: 2h": "write it under limits: {max_run_duration: …}",
    },
    "Determined's experiment": {
        "entrypoint: train.py": "write entry_script",
        "hyperparameters: {lr: 1}": "write script_params",
        "searcher: {}": "remove it: a manifest is one training run",
    },
    "Vertex AI's job": {
        "pythonModule: trainer.task": "write entry_script: -m package.module",
        "runtimeVersion: '2.1'": "write framework_version",
        "scaleTier: CUSTOM": "write vm_size",
        "region: us-central1": "write it under compute_target: {location: …}",
    },
    "Slurm's words": {
        "walltime: 2h": "write it under limits: {max_run_duration: …}",
        "ntasks-per-node: 2": "write process_count_per_node",
    },
}


@pytest.mark.parametrize("tool", FOREIGN)
def test_another_tools_keys_say_what_to_write(tool: str) -> None:
    for line, expected in FOREIGN[tool].items():
        assert expected in _hints(line), line


SLIPS = {
    "a key of limits at the top": ("max_cost_usd: 3", "write it under limits: {max_cost_usd: …}"),
    "a key of the manifest under limits": ("limits: {node_count: 2}", "write it at the top level"),
    "a limit in a target": ("compute_target: {cloud: azure, max_cost_usd: 3}", "write it under limits"),
    "another word in a target": ("compute_target: {cloud: azure, region: eastus}", "write location"),
    "flags that are not indented": ("--lr: 1", "a flag of the script belongs under script_params, indented"),
    "a no-break space": ("node_count\u00a0: 2", "it holds NO-BREAK SPACE (U+00A0): write node_count"),
    "a zero-width space": ("\u200bnode_count: 2", "ZERO WIDTH SPACE (U+200B): write node_count"),
    "a letter of another alphabet": ("n\u043ede_count: 2", "CYRILLIC SMALL LETTER O (U+043E): write node_count"),
    "two packages in one text": ("pip_packages: numpy pandas", "write [numpy, pandas]"),
    "an item without its space": ("pip_packages: -numpy", "write [numpy]"),
    "a mapping for a package": ("pip_packages: [{numpy: 1}]", "write a package and its version as one text"),
    "conda's pip section": ("conda_packages: [{pip: [numpy]}]", "pip's packages belong in pip_packages"),
    "a number for a package": ("pip_packages: [5]", "write a package's name"),
    "a path for an input": ("inputs: {data: ./digits}", "write {path: ./digits}"),
    "a URL for an input": ("inputs: {data: https://a/b}", "write {url: https://a/b}"),
    "a URL with a key for an input": ("inputs: {data: 'https://a/b?sig=abc%2Fdef%3D&se=1'}", "write {url: …}"),
    "an unknown key without a value": ("worker_cout: null", "did you mean 'worker_count'?"),
}


@pytest.mark.parametrize("sentence", SLIPS)
def test_a_slip_is_named_with_its_way_out(sentence: str) -> None:
    line, expected = SLIPS[sentence]
    assert expected in _hints(line)


def test_every_word_leads_to_a_key_that_exists() -> None:
    keys = {*MANIFEST, *LIMITS, *TARGET}
    for word, hint in [*TOP.items(), *(pair for words in INSIDE.values() for pair in words.items())]:
        assert word == in_our_form(word)
        assert word not in MANIFEST, word
        if found := re.fullmatch(r"write (\w+)|write it under (\w+): \{(\w+): …\}", hint):
            assert {name for name in found.groups() if name} <= keys


def test_an_editors_schema_line_means_nothing() -> None:
    document, _ = read_document(b"$schema: https://a/b.json\nentry_script: t.py\n", "t.yaml")
    assert manifest_errors(document) == ()


def _hints(line: str) -> str:
    document, _ = read_document(f"entry_script: t.py\n{line}\n".encode(), "train.yaml")
    return "\n".join(error.hint or "" for error in manifest_errors(document))
