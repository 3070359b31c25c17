"""Who moves a file of another tool over, or slips with the pen, reads what to write."""

from __future__ import annotations

import re

import pytest

from tfinfra.manifest.key_schema import LIMITS, MANIFEST, TARGET
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import manifest_errors
from tfinfra.manifest.words.foreign_table import INSIDE, KEYS, SENTENCES
from tfinfra.manifest.words.foreign_words import WORDS, at_the_top, in_our_form

FOREIGN = {
    "Azure ML's job": {
        "display_name: a": "write name",
        "command: python train.py --lr 1": "write entry_script: train.py, script_params: {--lr: 1}",
        "code: ./src": "write source_directory",
        "environment: azureml:tf@latest": "write framework_version, python_version and pip_packages",
        "compute: azureml:gpu": "write compute_target",
        "resources: {instance_count: 2}": "write node_count: 2",
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
        "tensorFlowSettings: {workerCount: 2}": "write distributed_backend: ps, worker_count: 2",
        "inputDirectories: []": "write inputs",
        "containerSettings: {}": "write pip_packages: the environment is locked packages, without a container",
    },
    "Kubeflow's TFJob": {
        "apiVersion: kubeflow.org/v1": "this is the form of Kubernetes",
        "kind: TFJob": "this is the form of Kubernetes",
        "spec: {}": "this is the form of Kubernetes",
        "metadata: {name: a}": "write name: a",
    },
    "SkyPilot's task": {
        "num_nodes: 2": "write node_count",
        "workdir: .": "write source_directory",
        "envs: {A: b}": "write environment_variables",
        "setup: pip install -r requirements.txt": "write pip_requirements_file: requirements.txt",
        "run: python train.py": "write entry_script: train.py",
        "file_mounts: {/data: ./data}": "write inputs",
        "use_spot: true": "write vm_priority",
    },
    "dstack's task": {
        "type: task": "remove it: a manifest is one training run",
        "nodes: 2": "write node_count",
        "commands: [python train.py]": "write entry_script: train.py",
        "spot_policy: auto": "write vm_priority",
        "max_duration: 2h": "write limits: {max_run_duration: 2h}",
    },
    "Determined's experiment": {
        "entrypoint: train.py": "write entry_script",
        "hyperparameters: {lr: 1}": "write script_params",
        "searcher: {}": "write tune, with sampling",
    },
    "Vertex AI's job": {
        "pythonModule: trainer.task": "write entry_script: -m trainer.task",
        "runtimeVersion: '2.1'": "write framework_version",
        "scaleTier: CUSTOM": "write vm_size",
        "region: us-central1": "write compute_target: {location: us-central1}",
    },
    "Slurm's words": {
        "walltime: 2h": "write limits: {max_run_duration: 2h}",
        "ntasks-per-node: 2": "write process_count_per_node",
    },
}


@pytest.mark.parametrize("tool", FOREIGN)
def test_another_tools_keys_say_what_to_write(tool: str) -> None:
    for line, expected in FOREIGN[tool].items():
        assert expected in _hints(line), line


def test_every_word_has_a_way_out_that_names_keys_which_exist() -> None:
    keys = {*MANIFEST, *LIMITS, *TARGET, "hold"}
    for word in WORDS:
        assert word == in_our_form(word)
        assert word not in MANIFEST, word
        hint = at_the_top(word, "x") or at_the_top(word, 1) or ""
        assert hint, word
        assert {*re.findall(r"write (\w+)(?=$|: )", hint)} <= keys, hint


def test_no_word_means_two_keys() -> None:
    words = [
        word for table in (KEYS, SENTENCES, *INSIDE.values()) for words in table.values() for word in words.split()
    ]
    assert sorted(words) == sorted({*words})


def test_an_editors_schema_line_means_nothing() -> None:
    document, _ = read_document(b"$schema: https://a/b.json\nentry_script: t.py\n", "t.yaml")
    assert manifest_errors(document) == ()


def _hints(line: str) -> str:
    document, _ = read_document(f"entry_script: t.py\n{line}\n".encode(), "train.yaml")
    return "\n".join(error.hint or "" for error in manifest_errors(document))
