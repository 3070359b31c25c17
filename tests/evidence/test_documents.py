"""The statement and the bill of materials: valid by programs of others, and whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.foreign import DOCUMENTS, checked
from tests.evidence.made import (
    CONDA,
    DIGEST,
    EVENTS,
    FILES,
    ORIGIN,
    RUN,
    a_material,
    at_home,
    statement_of,
)
from tfinfra.environment.recipe import HOROVOD_VERSION
from tfinfra.evidence import names
from tfinfra.evidence.build import unsigned
from tfinfra.evidence.chain import chain_head
from tfinfra.evidence.names import in_json
from tfinfra.evidence.oms import model_statement, root_digest
from tfinfra.evidence.packages import name_and_version, packages_in, packages_of, unread_packages
from tfinfra.evidence.sums import sha256

UNKNOWN: dict[str, Any] = {"origin": None, "plan": None, "nodes": (), "events": None, "finished": None}
"""Of a run of which little is known."""


def test_the_documents_are_valid_also_of_a_run_of_which_little_is_known(tmp_path: Path) -> None:
    folders = [at_home(tmp_path / "known") / "audit", at_home(tmp_path / "unknown", {}, **UNKNOWN) / "audit"]
    done = checked(DOCUMENTS, *folders)
    assert done.returncode == 0, done.stderr


def test_what_is_missing_is_said_and_no_statement_is_about_nothing() -> None:
    said = statement_of(a_material({}, **UNKNOWN, missing=("the plan",)))
    assert said["predicate"]["buildDefinition"]["internalParameters"]["missing"] == ["the plan"]
    assert [subject["name"] for subject in said["subject"]] == ["audit/run.json"]


def test_the_subjects_are_all_that_the_run_made() -> None:
    subjects = {s["name"]: s["digest"]["sha256"] for s in statement_of(a_material())["subject"]}
    made = {name: sha256(data) for name, data in FILES.items() if name.startswith(("outputs/", "checkpoints/"))}
    assert subjects == made


def test_every_other_file_of_the_evidence_is_a_byproduct_with_its_digest() -> None:
    files = unsigned(a_material())
    byproducts = statement_of(a_material())["predicate"]["runDetails"]["byproducts"]
    digests = {b["name"]: b["digest"]["sha256"] for b in byproducts}
    assert digests == {name: sha256(data) for name, data in files.items() if name != names.STATEMENT}
    notes = {b["name"]: b["annotations"] for b in byproducts if "annotations" in b}
    assert notes[names.EVENTS] == {"head": sha256(b'{"seq": 1}'), "lines": 2}
    assert notes[names.RUN] == {"result": "succeeded", "exit_code": 0}


def test_a_cut_tail_changes_the_head_and_an_empty_log_has_that_of_the_first_line() -> None:
    assert chain_head(EVENTS[: EVENTS.index(b"\n") + 1]) == (sha256(b'{"seq": 0}'), 1)
    assert chain_head(b"") == ("0" * 64, 0)


def test_what_the_run_was_made_from_is_named_with_its_digests() -> None:
    dependencies = statement_of(a_material())["predicate"]["buildDefinition"]["resolvedDependencies"]
    named = {d.get("name") or d["uri"]: d for d in dependencies}
    files = unsigned(a_material())
    assert named["source"]["digest"] == {"sha256": sha256(files[names.SOURCE_SUMS]), "gitCommit": "0b" * 20}
    assert named["source"]["annotations"] == {
        "files": 2,
        "executable": ["train.py"],
        "links": {"data": "pkg"},
        "dirty": True,
    }
    assert named["bundle"]["digest"]["sha256"] == ORIGIN.bundle
    assert named["pkg:pypi/numpy@1.26.4"]["digest"]["sha256"] == "01" * 32
    assert named["pkg:pypi/tensorflow-cpu@2.15.1"]["annotations"]["sha256"] == ["02" * 32, "03" * 32]
    assert named["pkg:pypi/own-package"]["digest"]["sha256"] == "04" * 32
    assert named["pkg:conda/libx@1.2?build=h0_1&subdir=linux-64"]["digest"]["sha256"] == "05" * 32
    assert named["image"]["uri"] == "urn:azure:image:microsoft-dsvm:ubuntu-hpc:2404:latest"
    assert named["input:digits"] == {
        "name": "input:digits",
        "digest": {"sha256": "09" * 32},
        "annotations": {"files": 3, "bytes": 1797},
    }
    assert named["checkpoints"]["digest"]["sha256"] == "0a" * 32
    assert named["input:corpus"]["uri"] == "https://a.blob.core.windows.net/c/x"


def test_a_locked_run_names_its_lock_and_another_its_manifest() -> None:
    locked = a_material(origin=replace(ORIGIN, lock="lock: {}\n"))
    parameters = {m.origin.lock if m.origin else None: statement_of(m) for m in (locked, a_material())}
    given = {lock: s["predicate"]["buildDefinition"]["externalParameters"] for lock, s in parameters.items()}
    assert given == {
        "lock: {}\n": {
            "manifest": {"name": "lock.yaml", "digest": {"sha256": sha256(b"lock: {}\n")}},
            "locked": True,
        },
        None: {
            "manifest": {"name": "manifest.resolved.yaml", "digest": {"sha256": sha256(b"name: digits\n")}},
            "locked": False,
        },
    }


def test_the_bill_names_what_the_nodes_saw_the_packages_the_data_and_the_model() -> None:
    bill = json.loads(unsigned(a_material())[names.BILL])
    named = {(c["type"], c["name"]): c for c in bill["components"]}
    assert named["operating-system", "microsoft-dsvm:ubuntu-hpc:2404"]["version"] == "24.4.1"
    assert ("operating-system", "linux") in named
    assert named["device-driver", "nvidia"]["version"] == "550.54"
    assert ("device", "Tesla T4") in named
    assert named["data", "digits"]["hashes"] == [{"alg": "SHA-256", "content": "09" * 32}]
    assert named["library", "numpy"]["purl"] == "pkg:pypi/numpy@1.26.4"
    model = bill["metadata"]["component"]
    outputs = {n.removeprefix("outputs/"): sha256(d) for n, d in FILES.items() if n.startswith("outputs/")}
    assert model["hashes"] == [{"alg": "SHA-256", "content": root_digest(outputs)}]


def test_the_model_of_the_bill_is_the_one_that_is_signed() -> None:
    made = {"outputs/model": DIGEST, "outputs/.gitignore": "00" * 32, "checkpoints/c": "11" * 32}
    bill = json.loads(unsigned(a_material(made=made))[names.BILL])
    signed = json.loads(model_statement({"model": DIGEST, ".gitignore": "00" * 32}, RUN))
    (said,) = bill["metadata"]["component"]["hashes"]
    assert said["content"] == signed["subject"][0]["digest"]["sha256"]


def test_the_image_that_was_asked_for_stands_there_where_no_node_told() -> None:
    bill = json.loads(unsigned(a_material(nodes=()))[names.BILL])
    versions = [c["version"] for c in bill["components"] if c["type"] == "operating-system"]
    assert versions == ["latest"]


def test_the_same_material_gives_the_same_bytes() -> None:
    assert unsigned(a_material()) == unsigned(a_material())


def test_a_name_that_is_not_utf_8_is_percent_encoded_in_json() -> None:
    assert in_json("a\udcff/ü%") == "a%FF/ü%"
    made = {"outputs/a\udcff": DIGEST}
    (subject,) = statement_of(a_material(made=made))["subject"]
    assert subject["name"] == "outputs/a%FF"


def test_python_is_the_conda_package_where_conda_brings_it() -> None:
    environment = {"packages": "", "python_version": "3.11", "conda": [{"name": "python", "version": "3.11.9"}]}
    assert [p.purl for p in packages_of(environment)] == ["pkg:conda/python@3.11.9"]
    assert [p.purl for p in packages_of({"python_version": "3.11"})] == ["pkg:generic/python@3.11"]


def test_what_a_node_said_and_its_cloud_s_words_are_files_of_their_own() -> None:
    files = unsigned(a_material())
    assert json.loads(files["nodes/0.json"])["tasks"] == [{"task": "rank-0", "exit_status": 0}]
    assert files["nodes/0.attested.p7"] == b"\x30p7"
    assert json.loads(files["run.json"])["run"] == RUN


def test_an_environment_of_one_file_each_names_packages_with_one_digest() -> None:
    texts = {name: f"{name} \\\n    --hash=sha256:{'01' * 32}\n" for name in ("Tensor_Flow==2.15.1", "cmake==3.31")}
    packages, tools = texts.values()
    conda = {**CONDA, "url": "https://conda.anaconda.org/conda-forge/linux-64/libx.conda"}
    of_a_host = {**CONDA, "name": "liby", "url": "https://host.example/channel/linux-64/liby.conda"}
    environment = {"packages": packages, "tools": tools, "conda": [conda, of_a_host], "python_version": "3.11.9"}
    found = packages_of({**environment, "horovod": HOROVOD_VERSION, "openmpi": "5.0.11"})
    assert {package.purl: len(package.digests) for package in found} == {
        "pkg:conda/libx@1.2?build=h0_1&channel=conda-forge&subdir=linux-64": 1,
        "pkg:conda/liby@1.2?build=h0_1&subdir=linux-64": 1,
        "pkg:generic/openmpi@5.0.11": 0,
        "pkg:generic/python@3.11.9": 0,
        "pkg:pypi/cmake@3.31": 1,
        "pkg:pypi/horovod@0.28.1": 1,
        "pkg:pypi/tensor-flow@2.15.1": 1,
    }


def test_the_url_of_a_package_says_its_name_and_version() -> None:
    odd = {"name": "lib?x", "version": "1!2+c/@", "build": "h0", "url": "", "subdir": "noarch", "sha256": ""}
    texts = "torch==2.1.0+cpu\nEpoch==1!2.0\nown @ https://host.example/own-1.0-py3-none-any.whl\n"
    found = packages_of({"packages": texts, "conda": [CONDA, odd], "python_version": "3.11"})
    assert [name_and_version(package.purl) for package in found] == [(one.name, one.version) for one in found]
    assert len(found) == 6
    assert name_and_version("pkg:npm/x@1") is None


ODD_ENVIRONMENTS: dict[str, Any] = {
    "conda of numbers": {"conda": [1]},
    "conda is text": {"conda": "x"},
    "no Unicode": {"packages": "a==\ud800"},
}


@pytest.mark.parametrize("case", ODD_ENVIRONMENTS)
def test_an_environment_whose_values_are_odd_is_named_and_costs_nothing_else(case: str) -> None:
    origin = replace(ORIGIN, environment=ODD_ENVIRONMENTS[case])
    assert packages_in(origin) == ()
    assert unread_packages(origin) == "the packages: the environment's lock cannot be read"
    assert unread_packages(ORIGIN) is None
    assert unsigned(a_material(origin=origin))
