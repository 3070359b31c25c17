"""Messages for Python callers: what rules quote of YAML becomes arguments, and sentences stay sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compiler.golden import cases
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import Diagnostic, ManifestError, Position, Severity, TfinfraError
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, TARGET
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.words.python_words import in_python, python_path, python_text

TEXTS = {
    "a word of a fixed list": ("write distributed_backend: mpi", "write distributed_backend='mpi'"),
    "several of them": ("use tf_config: estimator or coordinator", "use tf_config='estimator' or 'coordinator'"),
    "a number": ("write node_count: 3, or more workers", "write node_count=3, or more workers"),
    "a version": ("write framework_version: 2.15.1, or", "write framework_version='2.15.1', or"),
    "a boolean": ("or set use_gpu: false", "or set use_gpu=False"),
    "null": ("write `vm_size: null`", "write vm_size=None"),
    "a list": ("write conda_packages: [a=1, b]", "write conda_packages=['a=1', 'b']"),
    "one of a list": ("or pip_packages: tf-keras and", "or pip_packages=['tf-keras'] and"),
    "a mapping": ("environment_variables: {PYTHONPATH: .}", "environment_variables={'PYTHONPATH': '.'}"),
    "a key of a mapping": ("write mode: download", "write 'mode': 'download'"),
    "a key of a target": ("or write `cloud: azure`", "or write 'cloud': 'azure'"),
    "a key below another": ("write it under limits: {max_cost_usd: …}", "write it under limits={'max_cost_usd': …}"),
    "a key without a value": ("add `entry_script:`", "add entry_script=…"),
    "a module": ("`entry_script: -m trainer.task`", "entry_script='-m trainer.task'"),
    "several keys": ("distributed_backend: ps, worker_count: 2", "distributed_backend='ps', worker_count=2"),
    "a place in a list": ("'pip_packages[0]' is", "pip_packages[0] is"),
    "a place in a mapping": ("'limits.max_cost_usd' is", "limits['max_cost_usd'] is"),
    "a place without quotes": ("limits.max_run_duration ends the run", "limits['max_run_duration'] ends the run"),
    "a boolean in quotes": ("write true without quotes; how many", "write True; how many"),
    "a number in quotes": ("write 2 without quotes", "write 2, a number"),
    "a text in brackets": ("write train.py without brackets", "write 'train.py'"),
    "a number in brackets": ("write 2 without brackets", "write 2"),
    "a boolean alone": ("write true", "write True"),
    "quotes": ("put it in quotes", "write it as text: str() makes it"),
    "JSON in quotes": ("write it as JSON in single quotes, '{\"a\": 1}'", "write it as text: json.dumps() makes it"),
    "a flag alone": ("write `--verbose:` alone", "write '--verbose': None"),
    "a word or a mapping": ("write delete, or {hold: 30m}", "write 'delete' or {'hold': '30m'}"),
    "words or a mapping of several keys": (
        "write local, a name of a file, or {cloud: azure, vm_size: Standard_D8s_v5}",
        "write 'local', a name of a file, or {'cloud': 'azure', 'vm_size': 'Standard_D8s_v5'}",
    ),
    "a flag a line": (
        "write one flag a line below it: script_params: {--epochs: 5}", "write a dict: script_params={'--epochs': 5}"
    ),
    "the same without a verb": ("delete, or {hold: 30m}", "'delete' or {'hold': '30m'}"),
    "durations": ("30m, 24h, 7d, or a number of seconds", "'30m', '24h', '7d', or a number of seconds"),
    "an option": ("name it, or --rehearse it", "name it, or rehearse it: submit(est, rehearse=True)"),
    "a variable": ("write ${TFINFRA_OUTPUTS}/a", None),
    "a sentence that begins with a key": ("pip_packages: the packages do not fit", None),
    "a sentence with a colon": ("the store: it is gone, and its name: none", None),
    "an argument in quotes": ("'worker_count' is 2", None),
    "a command of another tool": ("`az account list --all --output table`", None),
}  # fmt: skip


@pytest.mark.parametrize(("yaml_", "python"), TEXTS.values(), ids=TEXTS.keys())
def test_yaml_becomes_arguments(yaml_: str, python: str | None) -> None:
    assert python_text(yaml_) == (yaml_ if python is None else python)


PATHS = {
    "node_count": "node_count",
    "script_params.--lr": "script_params['--lr']",
    "script_params.--a.b[1]": "script_params['--a.b'][1]",
    "inputs.data.path": "inputs['data']['path']",
    "compute_target.location[1]": "compute_target['location'][1]",
    "gpus.vm_size": "gpus.vm_size",
    "": "",
}


@pytest.mark.parametrize(("path", "python"), PATHS.items(), ids=PATHS.values())
def test_a_path_is_written_as_it_is_reached(path: str, python: str) -> None:
    assert python_path(path) == python


def test_a_place_in_a_yaml_file_stays_in_its_words() -> None:
    position = Position("compute_targets.yaml", 1, 1)
    found = Diagnostic("TFI402", Severity.ERROR, "'gpus.cloud' is", "gpus.cloud", position, "write cloud: azure")
    assert in_python(found) == found


_YAML = re.compile(
    rf"(?<!['\"\w$.-])(?:{'|'.join({*MANIFEST, *LIMITS, *TARGET})}): (?!an? |the |there |no |only )|indent|a line,"
    r"|without (?:quotes|brackets)|in quotes"
)
"""A key with its value as YAML has it."""


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_no_message_for_python_speaks_of_yaml(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(case / "no-configuration"))
    try:
        document, _ = read_document((case / "train.yaml").read_bytes(), "train.yaml")
    except ManifestError:  # no mapping, which arguments always are: there is nothing to tell a Python caller
        assert case.name.startswith("refused-")
        return
    try:
        found = check_manifest(project_from_arguments(document.data, name=case.name[:24], folder=case)).diagnostics
    except TfinfraError as error:
        found = error.diagnostics
    told = [
        text for d in map(in_python, found) if not re.search(r"\.ya?ml:", d.place) for text in (d.message, d.hint or "")
    ]
    assert [text for text in told if _YAML.search(text) or " key" in text or "`-" in text] == []
