"""A file that lies beside manifests, and is none: one error says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.compiler.load import load_project
from tfinfra.errors import ManifestError

FILES = {
    "targets": ("compute_targets.yaml", "gpus: {cloud: azure}\n", "has targets, and is no manifest"),
    "guardrails": ("guardrails.yaml", "allow: {max_nodes: 8}\n", "has guardrails, and is no manifest"),
}


@pytest.mark.parametrize(("file", "text", "expected"), FILES.values(), ids=FILES)
def test_a_file_beside_a_manifest_is_called_by_its_name(tmp_path: Path, file: str, text: str, expected: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(ManifestError) as refused:
        load_project(tmp_path / file)
    assert [found.code for found in refused.value.diagnostics] == ["TFI101"]
    assert expected in refused.value.message
