"""What an editor with the JSON Schema underlines is what `validate` refuses for its shape, and nothing else."""

from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from tfinfra.manifest.json_schema import json_schema
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, SPELLINGS, TARGET
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import manifest_errors

VALUES = (
    *(
        "a",
        "train.py",
        "MPI",
        "Ps",
        "multi_worker",
        "AUTO",
        "Estimator",
        "azure",
        "Local",
        "LOW_PRIORITY",
        "Standard_D8s_v5",
    ),
    *("2.15", "'2.15'", "2.15.1", "3", "'3'", "3.11", "0", "1", "2", "-1", "1.5", "0.5", "100001"),
    *(
        "true",
        "false",
        "null",
        "30m",
        "24h",
        "'90'",
        "1h30m",
        "delete",
        "Delete",
        "{hold: 30m}",
        "{hold: 60}",
        "{}",
        "[]",
    ),
    *(
        "[a]",
        "[a, 1]",
        "[1]",
        "[null]",
        "[true]",
        "[[a]]",
        "{a: b}",
        "{a: 1}",
        "{a: null}",
        "{a: [1, b]}",
        "{a: {b: c}}",
    ),
    *("{A_B: 1}", "{a: {path: x}}", "{a: {url: x, mode: MOUNT}}", "{max_cost_usd: 5}", "{max_run_duration: 2h}"),
    *("{cloud: AZURE, location: eastus}", "{vm_size: [a, b]}", "{cloud: gcp}", "{zone: 1}", "{zone: 7}", "https://a/b"),
)


def _disagreements(key: str, inside: str | None = None) -> list[str]:
    validator = Draft202012Validator(json_schema())
    found = []
    for value in VALUES:
        line = f"{inside}: {{{key}: {value}}}" if inside else f"{key}: {value}"
        if inside == "compute_target":  # a target in which all is null is an empty one, which no schema can say
            line = f"{inside}: {{{key}: {value}, {'max_nodes: 2' if key == 'cloud' else 'cloud: azure'}}}"
        text = line if key == "entry_script" else f"entry_script: train.py\n{line}"
        document, _ = read_document(text.encode(), "train.yaml")
        ours = [d for d in manifest_errors(document) if d.is_error]
        theirs = list(validator.iter_errors(yaml.safe_load(text)))
        if bool(ours) != bool(theirs):
            tool, schema = (errors[0].message if errors else "accepted" for errors in (ours, theirs))
            found.append(f"{line}: {tool}; schema: {schema}")
    return found


@pytest.mark.parametrize("key", [*MANIFEST, *SPELLINGS, "$schema", "worker_cout"])
def test_schema_and_tool_agree_on_a_key(key: str) -> None:
    assert _disagreements(key) == []


@pytest.mark.parametrize("key", TARGET)
def test_schema_and_tool_agree_on_a_key_of_a_target(key: str) -> None:
    assert _disagreements(key, "compute_target") == []


@pytest.mark.parametrize("key", LIMITS)
def test_schema_and_tool_agree_on_a_limit(key: str) -> None:
    assert _disagreements(key, "limits") == []


def test_every_default_of_the_schema_fits_it() -> None:
    schema = json_schema()
    limits = schema["properties"]["limits"]["properties"]
    for key, rules in [*schema["properties"].items(), *limits.items()]:
        if "default" in rules:
            assert Draft202012Validator(rules).is_valid(rules["default"]), key
    assert json.loads(json.dumps(schema)) == schema
