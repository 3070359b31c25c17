"""The caller's secrets are out of what children inherit, and out of what this process writes about itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfinfra.cli.internal_error import write_report
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import read
from tfinfra.errors import ManifestError
from tfinfra.lifecycle.data.caller_secrets import refuse_missing, withheld
from tfinfra.text.masking import redact

VALUE = "withheld-value-1"


def test_no_child_inherits_a_secret_and_the_caller_has_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", VALUE)
    with withheld({"secrets": ["MY_TOKEN", "NOT_SET_AT_ALL"]}) as taken:
        assert taken == {"MY_TOKEN": VALUE}
        program = [sys.executable, "-c", "import os; print(dict(os.environ))"]
        child = subprocess.run(program, check=True, capture_output=True, text=True)
        assert "PATH" in child.stdout and VALUE not in child.stdout
    assert os.environ["MY_TOKEN"] == VALUE


@pytest.mark.parametrize("wrong", [None, "TOKEN", {"a": 1}, [1, None]])
def test_a_wrong_shape_is_left_to_the_schema(wrong: object) -> None:
    with withheld({"secrets": wrong}) as taken:
        assert taken == {}


def test_a_report_of_an_internal_error_holds_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_TOKEN", VALUE)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path))
    with withheld({"secrets": ["MY_TOKEN"]}):
        report = write_report(ValueError(f"could not use {VALUE}"), ["up", VALUE])
    assert report is not None
    assert "could not use ***" in report.read_text() and VALUE not in report.read_text()
    assert redact(f"it was {VALUE}") == "it was ***"


def test_all_missing_secrets_are_named_at_once(tmp_path: Path) -> None:
    arguments = {"entry_script": "t.py", "secrets": ["A", "B", "C"]}
    facts = read(project_from_arguments(arguments, name="x", folder=tmp_path))
    refuse_missing(facts, {"A": "1", "B": "2", "C": "3"})
    with pytest.raises(ManifestError) as raised:
        refuse_missing(facts, {"A": "1", "B": ""})
    assert [(d.code, d.path) for d in raised.value.diagnostics] == [("TFI722", "secrets[1]"), ("TFI722", "secrets[2]")]
