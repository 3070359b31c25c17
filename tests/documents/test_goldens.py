"""Every document of every verb as it was when a person last looked at it, and nothing in a schema that none of them
shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.azure.rehearsed import Rehearsed
from tests.documents import azure as played
from tests.documents.cases import PLACES, Case
from tests.documents.checking import faults
from tfinfra.cli.main import main
from tfinfra.documents.heading import VERSIONS
from tfinfra.documents.published import schema
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.version import __version__

azure = played.azure  # a fixture

GOLDENS = Path(__file__).parent / "goldens"
CASES = {name: (place, case) for place, cases in PLACES.items() for name, case in cases.items()}
REPORT = re.compile(r"tfinfra-\d{8}T\d{6}Z-\w+\.txt")
CACHE = re.compile(r"/\S+/azure\d+/cache")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MOST, LONGEST = 3, 160
"""Items of a list, and characters of a text, that a golden keeps."""
UNSHOWN = {
    "error": {"error.run", "error.left"},  # of a run that is interrupted: tests/cli_runs and tests/e2e
}
"""Keys that take a run which a process drives."""
RICH = f"""
name: rich
entry_script: train.py
distributed_backend: mpi
node_count: 2
compute_target:
  cloud: azure
  subscription_id: {SUBSCRIPTION}
  vm_size: [Standard_D8s_v5, Standard_D4s_v5]
  vm_priority: low_priority
  max_price: 0.2
inputs: {{numbers: {{path: numbers}}}}
secrets: [TOKEN]
metrics: {{primary: loss, tracking_uri: "https://mlflow.example.com", token: TOKEN}}
environment_variables: {{DEPTH: '3'}}
script_params: {{--rate: 0.1}}
tags: {{team: vision}}
limits: {{max_cost_usd: 20}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("TOKEN", "x")
    Path("train.py").write_text("print()\n")
    Path("train.yaml").write_text("entry_script: train.py\n")
    Path("wrong.yaml").write_text("entry_script: train.py\nworker_cout: 2\n")
    Path("rich.yaml").write_text(RICH)
    Path("rails.yaml").write_text("allow: {max_nodes: 4}\n")
    Path("numbers").mkdir()
    Path("numbers/one.txt").write_text("1\n")
    Path(".env").write_text("TOKEN=x\n")
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_a_document_is_as_its_golden(
    name: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    place, case = CASES[name]
    if case.of_azure is not None:
        asked: Rehearsed = request.getfixturevalue("azure")
        case.of_azure(asked)
        for variable, value in asked.variables.items():
            monkeypatch.setenv(variable, value)
    document = printed(case, folder, monkeypatch, capsys)
    assert faults(document) == []
    file = GOLDENS / place / f"{name}.json"
    shown = f"{json.dumps(normal(document, folder), indent=1)}\n"
    if request.config.getoption("--update-goldens"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text("utf-8")


def printed(case: Case, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    case.before(folder, patch)
    capsys.readouterr()
    assert main([*case.words, "--json"]) == case.exit_code, capsys.readouterr().err
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


FIXED = {"date": "TODAY", "ok": 0}
"""What changes without a change of form: the day, and how many rules an audit has."""
ASKED = {"steps", "checked"}
"""Beside one of them stands how many seconds a cloud was asked."""


def normal(value: Any, folder: Path) -> Any:
    """The same on any day and machine, and no longer than a person reads."""
    if isinstance(value, dict):
        fixed = FIXED | ({"seconds": 1.5} if ASKED & value.keys() else {})
        return {key: fixed[key] if key in fixed else normal(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [normal(each, folder) for each in value[:MOST]]
    if isinstance(value, str):
        text = value.replace(str(folder), "/folder").replace(__version__, "VERSION")
        text = CACHE.sub("/cache", text)
        text = DIGEST.sub("sha256:DIGEST", REPORT.sub("tfinfra-REPORT.txt", text))
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return value


def test_every_document_has_a_golden() -> None:
    assert {json.loads(file.read_text("utf-8"))["document"] for file in GOLDENS.rglob("*.json")} == set(VERSIONS)


@pytest.mark.parametrize("document", VERSIONS)
def test_no_key_is_in_a_schema_that_no_document_has(document: str) -> None:
    root, shown = schema(document), set[str]()
    for file in GOLDENS.rglob("*.json"):
        found = json.loads(file.read_text("utf-8"))
        if found["document"] == document:
            shown |= set(keys_shown(found, document, root, root))
    unshown = UNSHOWN.get(document, set())
    parts = {document: root, **root["$defs"]}
    wanted = {f"{name}.{key}" for name, part in parts.items() for key in part["properties"]}
    assert wanted - shown == unshown


def keys_shown(value: Any, name: str, part: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """The keys that the value has, each after the name of the part of the schema that it is in."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return keys_shown(value, name, root["$defs"][name], root)
    if "anyOf" in part:
        return [key for each in part["anyOf"] for key in keys_shown(value, name, each, root)]
    if isinstance(value, list):
        return [key for each in value for key in keys_shown(each, name, part.get("items", {}), root)]
    if not isinstance(value, dict):
        return []
    known = {key: each for key, each in part.get("properties", {}).items() if key in value}
    if isinstance(of_any_name := part.get("additionalProperties"), dict):
        return [key for each in value.values() for key in keys_shown(each, name, of_any_name, root)]
    below = [key for own, each in known.items() for key in keys_shown(value[own], name, each, root)]
    return [*(f"{name}.{key}" for key in known), *below]
