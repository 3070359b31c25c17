"""A name that no system looks up names nothing: it is refused at its line, as any file that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import codes

LONG = "x" * 300

KEYS = {
    "source_directory": (f"source_directory: {LONG}\n", ["TFI308"]),
    "pip_requirements_file": (f"pip_requirements_file: {LONG}\n", ["TFI309"]),
    "conda_dependencies_file": (f"conda_dependencies_file: {LONG}\n", ["TFI702"]),
    "setup_script": (f"setup_script: {LONG}\n", ["TFI706"]),
    "an input": (f"inputs: {{digits: {{path: ~/{LONG}}}}}\n", ["TFI724"]),
}


@pytest.mark.parametrize("key", KEYS)
def test_a_name_too_long_for_a_file(key: str, tmp_path: Path) -> None:
    text, expected = KEYS[key]
    assert codes(tmp_path, text) == expected


def test_a_script_may_import_a_name_too_long_for_a_file(tmp_path: Path) -> None:
    assert codes(tmp_path, "", f"try:\n    import {LONG}\nexcept ImportError:\n    pass\n") == []
