"""What an editor with the JSON Schema underlines is what `validate` refuses for its shape, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.compiler.manifests import said
from tests.packaging.test_wheel import ROOT
from tfinfra.guardrails.key_schema import GUARDRAILS
from tfinfra.manifest.json_schema import file_schema, indexes_schema, json_schema, targets_schema
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, PACKAGE_URL, SPELLINGS, TARGET
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
    *("{cloud: AZURE, location: eastus, vm_size: standard_d8s_v5}", "{cloud: LOCAL}", "{cloud: gcp}", "https://a/b"),
    *("{zone: 1, cloud: local}", "{zone: 7, cloud: local}"),
)
OF_THE_CATALOG = ("vm_size", "location")
"""Keys of which the reader takes any text, and the rules those alone that the catalog has."""
SHAPE = Draft202012Validator({key: value for key, value in json_schema().items() if key != "allOf"})
WHOLE = Draft202012Validator(json_schema())


def _disagreements(key: str, inside: str | None = None) -> list[str]:
    found = []
    for value in VALUES:
        line = f"{inside}: {{{key}: {value}}}" if inside else f"{key}: {value}"
        if inside == "compute_target":
            cloud = "max_nodes: 2" if key == "cloud" else "cloud: azure"
            line = f"{inside}: {{{key}: {value}, {cloud}, vm_size: Standard_D8s_v5}}"
        text = line if key == "entry_script" else f"entry_script: train.py\n{line}"
        document, _ = read_document(text.encode(), "train.yaml")
        ours = [d for d in manifest_errors(document) if d.is_error]
        theirs = list(SHAPE.iter_errors(yaml.safe_load(text)))
        if bool(ours) != bool(theirs):
            tool, schema = (errors[0].message if errors else "accepted" for errors in (ours, theirs))
            found.append(f"{line}: {tool}; schema: {schema}")
    return found


@pytest.mark.parametrize("key", [*(key for key in MANIFEST if key != "vm_size"), *SPELLINGS, "$schema", "worker_cout"])
def test_schema_and_tool_agree_on_a_key(key: str) -> None:
    assert _disagreements(key) == []


@pytest.mark.parametrize("key", [key for key in TARGET if key not in OF_THE_CATALOG])
def test_schema_and_tool_agree_on_a_key_of_a_target(key: str) -> None:
    assert _disagreements(key, "compute_target") == []


@pytest.mark.parametrize("key", LIMITS)
def test_schema_and_tool_agree_on_a_limit(key: str) -> None:
    assert _disagreements(key, "limits") == []


FILES = {
    "manifest": json_schema(),
    "compute_targets": targets_schema(),
    "guardrails": file_schema("guardrails", GUARDRAILS),
    "indexes": indexes_schema(PACKAGE_URL),
}


def _keys(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in schema.get("properties", {}).items():
        yield key, value
        yield from _keys(value)
    if isinstance(inner := schema.get("additionalProperties"), dict):
        yield from _keys(inner)


@pytest.mark.parametrize("file", FILES)
def test_defaults_and_examples_of_the_schema_fit_it(file: str) -> None:
    schema = FILES[file]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:tfinfra:{file}"
    assert json.loads(json.dumps(schema)) == schema
    for key, rules in _keys(schema):
        assert rules["description"], key
        for value in [rules["default"] for _ in range("default" in rules)] + rules.get("examples", []):
            assert Draft202012Validator(rules).is_valid(value), (key, value)


def test_every_key_has_a_default_of_its_own_type_and_an_example() -> None:
    known = dict(_keys(json_schema()))
    own = {key: known[key] for key in (*MANIFEST, *LIMITS, *TARGET, "hold", "path", "url", "mode")}
    assert [key for key, rules in own.items() if "default" not in rules] == ["entry_script", "hold"]
    assert [key for key, rules in own.items() if not rules["examples"]] == []
    assert known["on_failure"]["default"] == "delete"
    assert known["mode"]["default"] == "download"
    assert (known["pip_packages"]["default"], known["tags"]["default"]) == ([], {})
    assert (known["os_disk_gb"]["default"], known["cloud"]["default"], known["name"]["default"]) == (128, "azure", None)


MISTAKES = {
    "a boolean where a text is wanted": "source_directory: true",
    "a boolean for a name": "name: true",
    "a boolean for a secret": "secrets: [yes]",
    "a boolean for a version": "framework_version: true",
    "a boolean for a file": "inputs: {data: {path: false}}",
    "a size that the catalog has not": "vm_size: Standard_D8_v55",
    "one of several sizes": "compute_target: {vm_size: [Standard_D8s_v5, Standard_X]}",
    "a location that there is not": "compute_target: {location: eastus9, vm_size: Standard_D8s_v5}",
    "a target on Azure without a size": "compute_target: {location: eastus}",
    "a size beside a target": "vm_size: Standard_D8s_v5\ncompute_target: local",
    "a priority beside a target": "vm_priority: low_priority\ncompute_target: local",
    "a priority without a size": "vm_priority: low_priority",
    "ranks without a backend": "process_count_per_node: 2",
    "ranks of another backend": "distributed_backend: ps\nprocess_count_per_node: 2",
    "workers without a backend": "worker_count: 2",
    "workers of another backend": "distributed_backend: MPI\nnode_count: 2\nworker_count: 2",
    "a dialect of another backend": "distributed_backend: mpi\ntf_config: estimator",
    "nodes without a backend": "node_count: 2",
    "nodes with null for a backend": "node_count: 2\ndistributed_backend: null",
    "an evaluator of cluster_spec": "distributed_backend: ps\ntf_config: Cluster_Spec\nevaluator_count: 1",
    "two spellings of a file": "pip_requirements_file: r.txt\npip_requirements_file_path: r.txt",
    "two spellings of a duration": "max_run_duration_seconds: 60\nlimits: {max_run_duration: 1h}",
    "an input with two sources": "inputs: {data: {path: train.py, url: 'https://a.blob.core.windows.net/c'}}",
    "an input without a source": "inputs: {data: {mode: mount}}",
    "a TensorFlow that is too old": "framework_version: 2.11.1",
    "a TensorFlow 1": "framework_version: 1.13",
    "a TensorFlow 1 as a text": "framework_version: '1.15'",
    "a variable that is tfinfra's": "environment_variables: {TF_CONFIG: x}",
    "a variable of Open MPI": "environment_variables: {OMPI_MCA_btl: tcp}",
    "a tag that is tfinfra's": "tags: {TFinfra-run: x}",
    "a tag that Azure does not take": "tags: {'a/b': x}",
    "too many tags": f"tags: {{{', '.join(f't{n}: x' for n in range(47))}}}",
    "a store that nobody may use": "compute_target: {vm_size: Standard_D8s_v5,"
    " store: 'https://teamruns.blob.core.windows.net/runs'}",
    "a subnet in two places": "compute_target: {vm_size: Standard_D8s_v5, location: [eastus, westus3], subnet_id:"
    " /subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/V/subnets/N}",
    "a word that no key has": "distributed_backend: horovod",
    "a key that is refused": "use_docker: sometimes",
    "too few": "node_count: 0",
    "a list of numbers": "pip_packages: [1]",
}


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES)
def test_the_schema_catches_what_validate_refuses(text: str, tmp_path: Path) -> None:
    assert not WHOLE.is_valid(yaml.safe_load(f"entry_script: train.py\n{text}"))
    assert [d for d in said(tmp_path, text) if d.is_error]


RIGHT = {
    "words in any case": "distributed_backend: MPI\nnode_count: 2\ntf_config: Auto",
    "a size in any case": "vm_size: standard_d8s_V5\nvm_priority: lowpriority",
    "a location in any case": "compute_target: {location: EastUS, vm_size: Standard_D8s_v5}",
    "a target of the local cloud": "compute_target: {cloud: Local}",
    "defaults that are written": "worker_count: 1\ntf_config: AUTO\nnode_count: 1\nevaluator_count: 0",
    "null for a key of another backend": "worker_count: null\nlimits: {max_run_duration: null}",
    "null for one of two spellings": "max_run_duration_seconds: 60\nlimits: {max_run_duration: null}",
    "booleans that are handed on": "script_params: {--x: true, --y: [false]}\ntags: {a: yes}\n"
    "environment_variables: {B: no}",
    "numbers for texts": "framework_version: 2.15\npython_version: 3.11",
    "a TensorFlow that is newer than all that are known": "framework_version: 2.30.0",
    "other variables": "environment_variables: {TF_CONFIGS: x, HOMES: y, HOROVOD_TIMELINE: z}",
    "tags as many as there may be": f"tags: {{{', '.join(f't{n}: x' for n in range(46))}}}",
    "a source of an input": "inputs: {data: {path: train.py, url: null}}",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_the_schema_takes_what_validate_takes(text: str, tmp_path: Path) -> None:
    assert list(WHOLE.iter_errors(yaml.safe_load(f"entry_script: train.py\n{text}"))) == []
    assert [d for d in said(tmp_path, text) if d.is_error] == []


@pytest.mark.parametrize("script", ["../train.py", "/srv/train.py", "", True, None])
def test_the_schema_catches_a_script_that_is_elsewhere_or_none(script: object) -> None:
    assert not WHOLE.is_valid({"entry_script": script})


GOLDEN = sorted(path.parent for path in (ROOT / "tests/golden").glob("accepted-*/train.yaml"))


@pytest.mark.parametrize("file", [*GOLDEN, *sorted((ROOT / "examples").rglob("*.yaml"))], ids=lambda path: path.name)
def test_the_schema_takes_every_manifest_that_is_valid(file: Path) -> None:
    text = (file / "train.yaml" if file.is_dir() else file).read_text("utf-8")
    assert list(WHOLE.iter_errors(yaml.safe_load(text))) == []


POOLS: dict[str, list[Any]] = {
    key: [rules["default"] for _ in range("default" in rules)] + rules.get("examples", []) + [None]
    for key, rules in json_schema()["properties"].items()
    if key in MANIFEST and not key.endswith(("_script", "_file")) and key not in ("inputs", "resume_from")
} | {
    "distributed_backend": ["mpi", "PS", "Multi_Worker", None],
    "tf_config": ["auto", "Estimator", "cluster_spec", None],
    "evaluator_count": [0, 1, None],
    "vm_size": ["standard_d8s_V5", ["Standard_D8s_v5"], None],
    "compute_target": ["local", {"cloud": "LOCAL"}, {"vm_size": "Standard_D8s_v5", "location": "WestEurope"}, None],
    "limits": [{"max_run_duration": "2h"}, {"max_run_duration": None, "keep_outputs": 60}, {}, None],
    "on_failure": ["Delete", {"hold": 60}, {"hold": "5m"}, None],
    "framework_version": [2.15, "2.17.1", None],
    "tags": [{"a": True, "b": 1.5}, {}, None],
}


SOME = st.lists(st.sampled_from(sorted(POOLS)), max_size=4, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: st.sampled_from(POOLS[key]) for key in keys})
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(keys=SOME)
def test_the_schema_takes_whatever_validate_takes(tmp_path: Path, keys: dict[str, Any]) -> None:
    text = yaml.safe_dump(keys, sort_keys=False) if keys else ""
    if not any(d.is_error for d in said(tmp_path, text)):
        assert [error.message for error in WHOLE.iter_errors({"entry_script": "train.py", **keys})] == []
