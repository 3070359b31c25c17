"""Each key, exit code and variable has its entry, and what stands in an entry is so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import tfinfra
from tests.agent.nodes import assignment_of
from tests.backends.specs import plan_of, spec
from tfinfra import errors
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.compiler.target.chosen import DEFAULT_LOCATION, OS_DISK_GB
from tfinfra.errors import Diagnostic
from tfinfra.guardrails.key_schema import GUARDRAILS
from tfinfra.locking.read_aliases import read_aliases
from tfinfra.manifest.document import Document
from tfinfra.manifest.key_words import key_words
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import errors_by, manifest_errors, target_errors
from tfinfra.reference.entry import Entry
from tfinfra.reference.exit_codes import exit_codes
from tfinfra.reference.find import entries
from tfinfra.reference.keys import guardrail_keys, index_keys, manifest_keys, target_keys
from tfinfra.reference.variables import client_variables
from tfinfra.reference.variables import task_variables as task_entries

PACKAGE = Path(tfinfra.__file__).parent


def _index_errors(document: Document) -> tuple[Diagnostic, ...]:
    read_aliases(document, ())
    return ()


FILES: dict[str, tuple[Callable[[], tuple[Entry, ...]], str, Callable[[Document], tuple[Diagnostic, ...]]]] = {
    "manifest": (manifest_keys, "", manifest_errors),
    "target": (target_keys, "gpus", lambda document: target_errors(document, "gpus")),
    "guardrails": (guardrail_keys, "", lambda document: errors_by(document, GUARDRAILS)),
    "indexes": (index_keys, "", _index_errors),
}
KEYS = [(file, entry) for file, (made, _, _) in FILES.items() for entry in made()]


@pytest.mark.parametrize("file", FILES)
def test_each_key_has_its_words_and_no_words_are_of_none(file: str) -> None:
    assert [entry.name for entry in FILES[file][0]()] == list(key_words(file))


@pytest.mark.parametrize(("file", "entry"), KEYS, ids=[f"{file}: {entry.name}" for file, entry in KEYS])
def test_an_example_has_its_key_and_is_valid_in_its_file(file: str, entry: Entry) -> None:
    _, name, errors_of = FILES[file]
    text = entry.example or ""
    if file == "manifest" and entry.name != "entry_script":
        text = f"entry_script: train.py\n{text}"
    if name:
        text = f"{name}:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    document, faults = read_document(text.encode(), "example.yaml")
    assert (*faults, *errors_of(document)) == ()
    assert _holds(document.data[name] if name else document.data, entry.name.split("."))


def _holds(value: Any, parts: list[str]) -> bool:
    if not parts:
        return True
    names = list(value) if parts[0].startswith("<") and isinstance(value, Mapping) else parts[:1]
    return any(isinstance(value, Mapping) and name in value and _holds(value[name], parts[1:]) for name in names)


def test_every_entry_says_what_it_is() -> None:
    for entry in entries():
        assert entry.title, entry.name
        assert entry.text == "" or entry.text.endswith("."), entry.name
        assert (entry.type is None) == (entry.default is None), entry.name


def test_documents_that_entries_name_are_there() -> None:
    named = {name for entry in entries() for name in re.findall(r"docs/[\w/-]+\.md", entry.text)}
    assert named
    assert [name for name in named if not (PACKAGE.parent / name).is_file()] == []


DEFAULTS = {
    "name": "the file's stem",
    "entry_script": "required",
    "source_directory": ".",
    "framework_version": "2.15.1",
    "use_gpu": "false",
    "node_count": "1",
    "distributed_backend": "none",
    "evaluator_count": "0",
    "conda_channels": "[conda-forge]",
    "pip_packages": "[]",
    "script_params": "{}",
    "inputs.<name>.mode": "download",
    "limits.max_run_duration": "24h",
    "limits.keep_outputs": "7d",
    "on_failure": "delete",
    "on_failure.hold": "required in the mapping",
}


def test_defaults_are_those_that_manifests_have() -> None:
    found = {entry.name: entry.default for entry in manifest_keys()}
    assert {key: found[key] for key in DEFAULTS} == DEFAULTS
    assert not [key for key, default in found.items() if "(" in (default or "")], "a value as Python writes it"
    targets = {entry.name: entry.default or "" for entry in target_keys()}
    assert targets["os_disk_gb"] == str(OS_DISK_GB)
    assert targets["location"].startswith(DEFAULT_LOCATION)


TYPES = {
    "node_count": "whole number, 1 to 100,000",
    "compute_target": "text or mapping",
    "vm_size": "text or list of texts",
    "distributed_backend": "mpi, ps or multi_worker",
    "use_gpu": "true or false",
    "inputs": "mapping of names to mappings",
    "tags": "mapping of names to values",
    "limits.max_cost_usd": "number, 0.01 to 1,000,000",
    "limits.keep_outputs": "text: 30m, 24h, 7d, or a number of seconds",
    "tune.parameter_space.<name>.loguniform": "list of numbers",
    "tune.parameter_space.<name>.choice": "list of values",
    "secrets": "list of texts, each letters, digits and '_', not beginning with a digit",
}


def test_types_are_words_for_a_person() -> None:
    found = {entry.name: entry.type for entry in manifest_keys()}
    assert {key: found[key] for key in TYPES} == TYPES


def test_each_exit_code_of_the_error_tree_has_its_entry() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.TfinfraError)]
    assert [int(entry.name) for entry in exit_codes()] == sorted({0, *(kind.exit_code for kind in kinds)})


MANY = {"node_count": 2, "process_count_per_node": 2, "worker_count": 2, "parameter_server_count": 2}


@pytest.mark.parametrize("backend", ["single", "mpi", "ps", "multi_worker"])
def test_each_variable_that_tfinfra_sets_in_a_task_has_its_entry(backend: str) -> None:
    plan = plan_of(spec(backend, **({} if backend == "single" else MANY)))
    named = {entry.name for entry in task_entries()}
    seen = {name for task in plan.tasks for name in task_variables(assignment_of(plan), task)}
    assert seen - named == set()


OF_MACHINERY = {
    "TFINFRA_ROOT",
    "TFINFRA_FOREGROUND",
    "TFINFRA_METADATA_URL",
    "TFINFRA_RIGHTS",
    *(f"TFINFRA_NODE_{part}" for part in ("LOGS", "METRICS", "RANKS", "WORK", "SPOOL", "PYTHON", "RANK_SCRIPT")),
    "TFINFRA_NODE_DIE_WITH_PARENT",
}
"""What tfinfra's own processes tell each other, on a node and of an azurite. Nobody sets them, and no script has a use
for them."""


def test_each_variable_of_tfinfras_own_in_the_source_has_its_entry() -> None:
    text = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    written = set(re.findall(r'"(TFINFRA_[A-Z0-9_]*[A-Z0-9])"', text))
    named = {entry.name for entry in (*task_entries(), *client_variables())}
    assert len(written) > 15
    assert written - named == OF_MACHINERY & written
