"""The typed manifest: defaults, scalars as written, durations, and the shape's errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import jsonschema
import pytest
import yaml
from cerberus import SchemaError

from tfinfra.guardrails.key_schema import GUARDRAILS
from tfinfra.manifest.arguments import argument_document
from tfinfra.manifest.json_schema import json_schema
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, TARGET
from tfinfra.manifest.manifest import Manifest, TargetKeys, manifest_of, seconds
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import manifest_errors, shape_validator
from tfinfra.manifest.words.refused import ESTIMATOR


def manifest(text: str) -> Manifest:
    document, _ = read_document(text.encode(), "train.yaml")
    assert manifest_errors(document) == ()
    return manifest_of(document, frozenset())


def codes(text: str) -> list[tuple[str, str]]:
    document, _ = read_document(text.encode(), "train.yaml")
    return sorted((d.code, d.path) for d in manifest_errors(document))


def test_an_entry_script_is_enough_and_all_else_has_manifest_mds_defaults() -> None:
    found = manifest("entry_script: train.py\n")
    assert (found.source_directory, found.framework_version, found.python_version) == (".", "2.15.1", "3.11")
    assert (found.limits.max_run_duration, found.limits.keep_outputs) == (86400, 604800)
    assert (found.compute_target, found.distributed_backend, found.tf_config) == ("local", None, "auto")


SCHEMAS = {"of a manifest": MANIFEST, "of a target": TARGET, "of guardrails": GUARDRAILS}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_is_one_by_cerberus_rules(schema: Mapping[str, Any]) -> None:
    """It is not held against them where it is used."""
    validator = shape_validator()
    assert validator(schema).schema
    with pytest.raises(SchemaError):
        validator({**schema, "odd": {"typ": "string"}})


def test_no_manifest_waits_for_a_check_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    shape_validator()
    checked: list[object] = []
    monkeypatch.setattr("cerberus.schema.DefinitionSchema._validate", lambda _, schema: checked.append(schema))
    assert codes("entry_script: train.py\nworker_cout: 2\ninputs: {data: {pth: x}}\n") != []
    assert not checked


def test_script_params_keep_order_and_text_as_written() -> None:
    found = manifest(
        "entry_script: t\nscript_params: {--b: 1.10, --a: 1e-3, --no: no, --bare: , --e: '', --l: [1, 2.50]}\n"
    )
    assert list(found.script_params.items()) == [
        ("--b", ("1.10",)), ("--a", ("1e-3",)), ("--no", ("no",)), ("--bare", ()), ("--e", ()), ("--l", ("1", "2.50")),
    ]  # fmt: skip


def test_versions_and_variables_keep_their_text() -> None:
    found = manifest("entry_script: t\npython_version: 3.10\nenvironment_variables: {A: 010, B: yes, C: }\n")
    assert found.python_version == "3.10"
    assert found.environment_variables == {"A": "010", "B": "yes", "C": ""}


def test_words_are_taken_in_any_case() -> None:
    found = manifest("entry_script: t\ndistributed_backend: MPI\ncompute_target: {cloud: Azure, location: EastUS}\n")
    assert found.distributed_backend == "mpi"
    assert found.compute_target == TargetKeys(cloud="azure", location=("eastus",))


def test_the_estimators_spelling_of_a_key_is_the_key() -> None:
    found = manifest("entry_script: t\npip_requirements_file_path: requirements.txt\n")
    assert found.pip_requirements_file == "requirements.txt"


def test_keys_that_are_not_supported_yet_may_be_empty() -> None:
    assert codes("entry_script: t\nsecrets: []\ninputs: {}\nconda_packages:\nresume_from:\n") == []


DURATIONS = {"30m": 1800, "24h": 86400, "7d": 604800, "90": 90, "45s": 45, "2 h": 7200}


@pytest.mark.parametrize("text", DURATIONS)
def test_durations(text: str) -> None:
    assert seconds(text) == DURATIONS[text]
    assert (
        manifest(f"entry_script: t\nlimits: {{max_run_duration: {text}}}\n").limits.max_run_duration == DURATIONS[text]
    )


SHAPES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "an unknown key": ("entry_script: t\nworker_cout: 2\n", [("TFI203", "worker_cout")]),
    "a misspelt required key is said once": ("entry_scrip: t\n", [("TFI203", "entry_scrip")]),
    "a missing key": ("node_count: 1\n", [("TFI201", "")]),
    "a number in quotes": ("entry_script: t\nnode_count: '2'\n", [("TFI202", "node_count")]),
    "a boolean for a count": ("entry_script: t\nnode_count: true\n", [("TFI202", "node_count")]),
    "a null count": ("entry_script: t\nnode_count:\n", [("TFI202", "node_count")]),
    "no evaluator is two evaluators": ("entry_script: t\nevaluator_count: 2\n", [("TFI205", "evaluator_count")]),
    "a hold without its time": ("entry_script: t\non_failure: {}\n", [("TFI201", "on_failure")]),
    "a list of locations": (
        "entry_script: t\ncompute_target: {location: [eastus], vm_size: x}\n",
        [],
    ),
    "low priority in either spelling": (
        "entry_script: t\nvm_size: x\nvm_priority: LowPriority\n",
        [],
    ),
}


@pytest.mark.parametrize("sentence", SHAPES)
def test_shapes(sentence: str) -> None:
    text, expected = SHAPES[sentence]
    assert codes(text) == expected


def test_arguments_from_python_are_a_document_without_lines() -> None:
    given: Mapping[str, Any] = {
        "entry_script": "t.py",
        "node_count": 2,
        "script_params": {"--lr": 1e-3},
        "use_gpu": None,
    }
    document = argument_document(given)
    assert manifest_errors(document) == ()
    found = manifest_of(document, frozenset())
    assert found.script_params == {"--lr": ("0.001",)}
    assert "use_gpu" not in found.given
    (error,) = manifest_errors(argument_document({"entry_script": "t.py", "node_cout": 2}))
    assert (error.path, error.position, error.hint) == ("node_cout", None, "did you mean 'node_count'?")


DEFAULTS = {
    "every key but entry_script may be null": "".join(f"{key}: null\n" for key in MANIFEST if key != "entry_script"),
    "and so may those of a target, of limits and of an input": (
        "compute_target: {vm_size: Standard_D8s_v5,"
        f" {', '.join(f'{key}: ~' for key in TARGET if key != 'vm_size')}}}\n"
        f"limits: {{{', '.join(f'{key}: Null' for key in LIMITS)}}}\n"
        "inputs: {data: {path: ./data, url: null, mode: null}}\n"
    ),
    "the estimator's other arguments with their defaults": (
        "use_docker: true\nuser_managed: false\n"
        + "".join(f"{key}: null\n" for key in ESTIMATOR if key not in ("use_docker", "user_managed"))
    ),
    "a container that is not wanted": "use_docker: false\n",
    "both spellings of a key, one of them null": "pip_requirements_file: r.txt\npip_requirements_file_path: null\n",
    "and the other one": "pip_requirements_file: null\npip_requirements_file_path: r.txt\n",
}


@pytest.mark.parametrize("text", DEFAULTS.values(), ids=DEFAULTS.keys())
def test_an_explicit_default_is_the_default(text: str) -> None:
    found = manifest(f"entry_script: t\n{text}")
    bare = manifest("entry_script: t\n")
    named = {"document", "given", "compute_target", "inputs", "pip_requirements_file"}
    changed = {f.name for f in fields(Manifest) if getattr(found, f.name) != getattr(bare, f.name)}
    assert changed <= named
    assert found.pip_requirements_file == ("r.txt" if "r.txt" in text else None)
    schema = jsonschema.Draft202012Validator(json_schema())
    assert list(schema.iter_errors(yaml.safe_load(f"entry_script: t\n{text}"))) == []


NO_DEFAULTS = {
    "the one key that has none": ("entry_script: null\n", [("TFI202", "entry_script")]),
    "a value that was forgotten": ("entry_script: t\nvm_size:\n", [("TFI202", "vm_size")]),
    "an environment of one's own": ("entry_script: t\nuser_managed: true\n", [("TFI208", "user_managed")]),
    "an image": ("entry_script: t\ncustom_docker_image: x\n", [("TFI208", "custom_docker_image")]),
    "an input without its mapping": ("entry_script: t\ninputs: {data: null}\n", [("TFI202", "inputs.data")]),
}


@pytest.mark.parametrize(("text", "expected"), NO_DEFAULTS.values(), ids=NO_DEFAULTS.keys())
def test_what_is_no_default_is_refused(text: str, expected: list[tuple[str, str]]) -> None:
    assert codes(text) == expected
