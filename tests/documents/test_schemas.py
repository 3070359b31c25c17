"""What a schema says of itself, of errors, and of the values that documents are made of."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import pytest
from jsonschema import Draft202012Validator

from tests.documents.checking import faults
from tfinfra import errors, model
from tfinfra.catalog.size_offers import SizeOffer
from tfinfra.cli.main import main
from tfinfra.compiler.summary.resource_list import PlannedResource
from tfinfra.compiler.summary.searched import Searched, Varied
from tfinfra.documents.heading import VERSIONS, headed
from tfinfra.documents.published import schema
from tfinfra.lifecycle.attach.sweep import Doomed
from tfinfra.lifecycle.end.deletion_layers import Layer
from tfinfra.lifecycle.preflight import LiveAnswer
from tfinfra.lifecycle.record.not_collected import NotCollected
from tfinfra.lifecycle.record.run_record import Attempt
from tfinfra.lifecycle.record.run_status import RunState, RunStatus
from tfinfra.lifecycle.record.times.phase_times import PhaseTime
from tfinfra.lifecycle.watch.log_reader import LogLine
from tfinfra.machine.doctor import CheckResult
from tfinfra.machine.walk.steps import Step
from tfinfra.manifest.codes import Explanation
from tfinfra.model import tuning
from tfinfra.money.expected import Expected, Phase
from tfinfra.money.ledger import Interval
from tfinfra.reference.entry import Entry, Option

PARTS: dict[str, tuple[str, type]] = {
    "diagnostic": ("error", errors.Diagnostic),
    "position": ("error", errors.Position),
    "doomed-run": ("error", Doomed),
    "plan": ("plan", model.Plan),
    "planned-task": ("plan", model.Task),
    "requirements": ("plan", model.Requirements),
    "package-sources": ("plan", model.PackageSources),
    "limits": ("plan", model.Limits),
    "infrastructure": ("plan", model.Infrastructure),
    "image": ("plan", model.Image),
    "spot": ("plan", model.Spot),
    "access": ("plan", model.Access),
    "input": ("plan", model.Input),
    "target": ("plan", model.Target),
    "usage-rate": ("plan", model.UsageRate),
    "pool": ("plan", model.Pool),
    "searched": ("plan", Searched),
    "varied": ("plan", Varied),
    "tune": ("plan", tuning.Tune),
    "expression": ("plan", tuning.Expression),
    "early-termination": ("plan", tuning.Policy),
    "planned-resource": ("plan", PlannedResource),
    "deletion-layer": ("plan", Layer),
    "expected": ("plan", Expected),
    "expected-phase": ("plan", Phase),
    "live-answer": ("plan", LiveAnswer),
    "attempt": ("run", Attempt),
    "task": ("run", model.TaskStatus),
    "node": ("run", model.NodeRegistration),
    "not-collected": ("run", NotCollected),
    "left-files": ("run", model.LeftFiles),
    "left-place": ("run", model.LeftPlace),
    "billed": ("run", Interval),
    "run-status": ("runs", RunStatus),
    "phase-time": ("status", PhaseTime),
    "log-line": ("logs", LogLine),
    "explanation": ("explain-list", Explanation),
    "word-entry": ("explain-word", Entry),
    "verb-option": ("explain-word", Option),
    "size-offer": ("catalog-sizes", SizeOffer),
    "check": ("doctor", CheckResult),
    "step": ("doctor-target", Step),
}
"""{part: a document that has it, the class whose fields are its keys}."""


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_the_keys_of_its_values(part: str) -> None:
    document, kind = PARTS[part]
    described = schema(document)["$defs"][part]
    names = [field.name for field in fields(kind)]
    assert set(described["properties"]) == set(names)
    assert set(described["required"]) == set(names)


@pytest.mark.parametrize("document", VERSIONS)
def test_a_schema_is_one_and_explains_every_key(document: str) -> None:
    published = schema(document)
    Draft202012Validator.check_schema(published)
    assert published["$id"] == f"urn:tfinfra:document:{document}:{VERSIONS[document]}"
    for part in (published, *published["$defs"].values()):
        assert part["description"]
        for key, value in part["properties"].items():
            assert value.get("description"), key
        assert set(part["required"]) <= set(part["properties"])


def test_the_words_of_a_state_are_those_that_runs_have() -> None:
    state = schema("runs")["$defs"]["run-status"]["properties"]["state"]
    assert state["enum"] == [str(each) for each in RunState]


def test_a_reader_may_meet_keys_that_it_does_not_know() -> None:
    later = headed("init", {"written": [], "valid": True, "diagnostics": [], "wings": 2})
    assert not list(Draft202012Validator(schema("init")).iter_errors(later))
    assert faults(later) != []


KINDS = [
    *(errors.TfinfraError, errors.UsageError, errors.ManifestError, errors.NotFeasible, errors.CredentialsError),
    *(errors.ProvisioningError, errors.TrainingFailed, errors.Cancelled, errors.LimitReached),
    *(errors.TeardownIncomplete, errors.DifferenceFound),
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_each_exit_code_is_a_document(
    kind: type[errors.TfinfraError],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path))
    position = errors.Position("a.yaml", 1, 1, 1, "a: \x1b[2J")
    found = errors.Diagnostic("TFI203", errors.Severity.ERROR, "no \x1b[31m", "a", position, "yes")

    def fail(*_: object, **__: object) -> NoReturn:
        raise kind("it is \x1b]0;wrong\x07", "mend it", (found,))

    monkeypatch.setattr("click.Command.invoke", fail)
    code = main(["runs", "--json"])
    out = capsys.readouterr().out
    assert code == kind.exit_code
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out) is None
    document: dict[str, Any] = json.loads(out)
    assert (document["document"], document["version"], document["exit_code"]) == ("error", 1, kind.exit_code)
    assert faults(document) == []


ASKED = {
    "the manifest's, by its name": (["schema", "--of", "manifest"], "tfinfra manifest"),
    "the manifest's, unnamed": (["schema"], "tfinfra manifest"),
    "the guardrails'": (["schema", "--of", "guardrails"], "tfinfra guardrails"),
    "a document's": (["schema", "--of", "run", "--json"], "A run"),
}


@pytest.mark.parametrize(("words", "title"), ASKED.values(), ids=ASKED)
def test_a_schema_is_printed_as_it_is(words: list[str], title: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(printed)
    assert printed["title"] == title


def test_a_name_that_nothing_has_is_told_with_a_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--of", "statu", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["error"], document["hint"]) == ("there is no schema of 'statu'", "did you mean 'status'?")


def test_the_list_of_schemas_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--list", "--json"]) == 0
    names = [each["name"] for each in json.loads(capsys.readouterr().out)["schemas"]]
    assert names == ["manifest", "compute_targets", "guardrails", "indexes", *VERSIONS]
