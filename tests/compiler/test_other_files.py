"""A file that lies beside manifests, and is none: one error says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.compiler.load import load_project
from tfinfra.errors import ManifestError

FILES = {
    "targets": ("compute_targets.yaml", "gpus: {cloud: azure}\n", "has targets, and is no manifest"),
    "guardrails": ("guardrails.yaml", "allow: {max_nodes: 8}\n", "has guardrails, and is no manifest"),
    "a script": ("train.py", "import tensorflow\n", "is a Python script, and is no manifest"),
    "a notebook": ("train.ipynb", '{"cells": []}', "is a notebook, and is no manifest"),
    "a task of SkyPilot": ("sky.yaml", "run: python train.py\nresources: {cpus: 2}\n", "(SkyPilot task)"),
    "a job of Azure ML": ("job.yml", "type: command\ncommand: python train.py\n", "(Azure ML job)"),
    "a TFJob as JSON": ("job.json", '{"kind": "TFJob", "apiVersion": "kubeflow.org/v1"}', "(TFJob)"),
}


@pytest.mark.parametrize(("file", "text", "expected"), FILES.values(), ids=FILES)
def test_a_file_beside_a_manifest_is_called_by_its_name(tmp_path: Path, file: str, text: str, expected: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(ManifestError) as refused:
        load_project(tmp_path / file)
    assert [found.code for found in refused.value.diagnostics] == ["TFI101"]
    assert expected in refused.value.message


def test_a_script_whose_manifest_lies_beside_it_is_told_that(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    (tmp_path / "train.yaml").write_text("entry_script: train.py\n")
    with pytest.raises(ManifestError) as refused:
        load_project(tmp_path / "train.py")
    assert refused.value.hint == "did you mean 'train.yaml'?"
