"""What stands in a manifest as another tool or a shell would take it, and is met with what to write here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of

WRITTEN = {
    "packages to install": ("setup_script: pip install pandas\n", "write pip_packages: [pandas]"),
    "other commands": ("setup_script: apt-get update && make\n", "write these lines to a file, and name it: "),
    "a repository": ("source_directory: https://example.com/a/b\n", "fetch what is there, and write its path"),
    "code that Azure ML has": ("source_directory: azureml:code:1\n", "fetch what is there, and write its path"),
    "a module without -m": ("entry_script: trainer.task\n", "a module is written as -m trainer.task"),
    "a target of Azure ML's": ("compute_target: azureml:cpu@latest\n", "write one, with `cpu: {cloud: azure"),
    "data of Azure ML's": (
        "script_params: {--data: '${{ inputs.Data }}'}\ninputs: {data: {path: .}}\n",
        "write ${TFINFRA_INPUT_DATA}",
    ),
    "a place for outputs": ("script_params: {--to: '${{outputs.model}}'}\n", "write ${TFINFRA_OUTPUTS}"),
}


@pytest.mark.parametrize(("manifest", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_what_another_tool_would_take_is_met_with_what_to_write(tmp_path: Path, manifest: str, expected: str) -> None:
    found = said_of(tmp_path, {"train.py": "print()\n"}, manifest)
    assert expected in f"{[each.hint for each in found]}"
