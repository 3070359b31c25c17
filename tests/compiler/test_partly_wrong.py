"""A list or a mapping with one thing of a wrong shape: what the rules say of the rest of it is told in the same round,
each at its own place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import said

AZURE = "compute_target: {cloud: azure, vm_size: Standard_D8s_v5"
CASES = {
    "a name among secrets that no variable can have": (
        "secrets: ['a-b', AZURE_CLIENT_SECRET, PATH]",
        {"TFI206 secrets[0]", "TFI721 secrets[1]", "TFI721 secrets[2]"},
    ),
    "an empty item of pip_packages": (
        "pip_packages: ['', 'numpy pandas', tensorflow==9.9]",
        {"TFI202 pip_packages[0]", "TFI318 pip_packages[1]", "TFI324 pip_packages[2]"},
    ),
    "an empty item of source_builds": (
        "source_builds: ['', 'a b']",
        {"TFI202 source_builds[0]", "TFI320 source_builds[1]"},
    ),
    "a number among conda_packages": (
        "conda_packages: [7, /tmp/x.conda]",
        {"TFI202 conda_packages[0]", "TFI700 conda_packages[1]"},
    ),
    "a number among conda_channels": (
        "conda_channels: [7, defaults]",
        {"TFI202 conda_channels[0]", "TFI708 conda_channels[1]"},
    ),
    "a mapping among script_params": (
        "script_params: {--a: {b: c}, --lr: '${TFINFRA_NONE}', --model_dir: /tmp/m}",
        {"TFI202 script_params.--a", "TFI322 script_params.--lr", "TFI526 script_params.--model_dir"},
    ),
    "a mapping among script_params, which argparse would miss": (
        "script_params: {--data: {b: c}, --lr: x}",
        {"TFI202 script_params.--data", "TFI511 script_params.--lr"},
    ),
    "a list among environment_variables": (
        "environment_variables: {A: [1], TF_CONFIG: x}",
        {"TFI202 environment_variables.A", "TFI305 environment_variables.TF_CONFIG"},
    ),
    "a list among tags": ("tags: {a: [1], 'b<': x}", {"TFI202 tags.a", "TFI306 tags.b<"}),
    "an input of a wrong shape": (
        "inputs: {a: [x], b: {path: nowhere}, c: {}}\nscript_params: {--a: '${TFINFRA_INPUT_A}'}",
        {"TFI202 inputs.a", "TFI724 inputs.b.path", "TFI723 inputs.c"},
    ),
    "a limit of a wrong shape": (
        "limits: {max_cost_usd: x, max_run_duration: 9999d}",
        {"TFI202 limits.max_cost_usd", "TFI205 limits.max_run_duration"},
    ),
    "a key of a target": (
        AZURE + ", max_nodes: x, location: [eastsu]}",
        {"TFI202 compute_target.max_nodes", "TFI404 compute_target.location[0]"},
    ),
    "an item of a target's list": (
        AZURE + ", location: ['', westeurop]}",
        {"TFI202 compute_target.location[0]", "TFI404 compute_target.location[1]"},
    ),
    "a target whose size has another name": (
        "compute_target: {cloud: azure, vm_sise: Standard_D8s_v5}",
        {"TFI203 compute_target.vm_sise"},
    ),
    "an item of vm_size": ("vm_size: ['', Standard_X]", {"TFI202 vm_size[0]", "TFI402 vm_size[1]"}),
    "names with dots in them": (
        "tags: {a: [1], a.b: x, 'a.b<': x}",
        {"TFI202 tags.a", "TFI306 tags.a.b<"},
    ),
}
SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--lr", type=float)
parser.parse_args()
"""


@pytest.mark.parametrize("sentence", CASES)
def test_what_is_wrong_hides_nothing_of_what_stands_beside_it(sentence: str, tmp_path: Path) -> None:
    text, expected = CASES[sentence]
    script = SCRIPT if "argparse" in sentence else "print()\n"
    found = said(tmp_path, text, script)
    assert {f"{d.code} {d.path}" for d in found if d.code != "TFI525"} == expected
    for one in found:
        assert one.position is not None and one.position.line >= 2
