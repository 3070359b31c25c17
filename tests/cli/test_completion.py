"""Tab in real shells: verbs, options, runs, tasks, targets, codes, regions, manifests. Nothing is asked or started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.terminals import ROOT
from tests.lifecycle.record.test_record import a_record
from tfinfra.cli.completion import VARIABLE
from tfinfra.cli.main import main
from tfinfra.lifecycle.record.run_record import run_folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with manifests and targets, a state with three runs, and the command on a path of its own."""
    here = tmp_path_factory.mktemp("completion")
    (here / "bin").mkdir()
    command = here / "bin" / "tfinfra"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m tfinfra "$@"\n')
    command.chmod(0o755)
    (here / "work").mkdir()
    for name in ("train.yaml", "other.yml", "train.py"):
        (here / "work" / name).touch()
    (here / "work" / "compute_targets.yaml").write_text("gpus: {cloud: azure, vm_size: Standard_NC4as_T4_v3}\n")
    runs = (("digits-aaaaaa", "deleted"), ("digits-bbbbbb", "running"), ("mnist-cccccc", "deleted"))
    for number, (run, phase) in enumerate(runs):
        record = a_record(run, phase=phase, plan_tasks=("rank-0", "rank-1"), times={"started": 1000.0 + number})
        run_folder(here / "state", run).write(record)
    (here / "state" / "runs" / "mnist-cccccc" / "tune").mkdir()
    (here / "state" / "runs" / "spoilt-dddddd").mkdir()
    (here / "state" / "runs" / "spoilt-dddddd" / "run.json").write_text("{")
    return here


def environ(place: Path) -> dict[str, str]:
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(place), "TFINFRA_STATE_DIR": str(place / "state"), "TERM": "dumb"}


def offered(place: Path, line: str, folder: Path | None = None, **variables: str) -> list[str]:
    """What is offered at the end of the line."""
    words = line.split(" ")
    asked = {VARIABLE: "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), **variables}
    done = subprocess.run(
        ["tfinfra"],
        cwd=folder or place / "work",
        env={**environ(place), **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [row.partition(",")[2] for row in done.stdout.splitlines() if row]


LINES = {
    "a verb": ("tfinfra log", ["logs"]),
    "an option": ("tfinfra logs --ti", ["--timestamps"]),
    "all runs": ("tfinfra status ", ["mnist-cccccc", "digits-bbbbbb", "digits-aaaaaa", "mnist", "digits"]),
    "a run that is begun": ("tfinfra fetch digits-a", ["digits-aaaaaa"]),
    "live runs": ("tfinfra down ", ["digits-bbbbbb", "digits"]),
    "a task": ("tfinfra logs digits --task ", ["rank-0", "rank-1"]),
    "a target": ("tfinfra up train.yaml --target ", ["local", "gpus"]),
    "a code": ("tfinfra explain TFI203", ["TFI203"]),
    "a rule of an audit": ("tfinfra explain TFA201", ["TFA201"]),
    "a run to be audited": ("tfinfra audit ", ["mnist-cccccc", "digits-bbbbbb", "digits-aaaaaa", "mnist", "digits"]),
    "a key": ("tfinfra explain worker_c", ["worker_count"]),
    "the last part of a key": ("tfinfra explain max_cost", ["max_cost_usd"]),
    "a region": ("tfinfra catalog sizes --region westeu", ["westeurope"]),
    "a state": ("tfinfra runs --state tr", ["training"]),
    "a name": ("tfinfra runs --name ", ["mnist", "digits"]),
    "a tune": ("tfinfra tune train.yaml --resume ", ["mnist-cccccc"]),
    "a manifest": ("tfinfra up ", ["other.yml", "train.yaml"]),
    "a manifest of a folder": ("tfinfra validate ../work/tr", ["../work/train.yaml"]),
    "a schema": ("tfinfra schema --of stat", ["status"]),
    "a shell": ("tfinfra completion ", ["bash", "zsh", "fish"]),
}


@pytest.mark.parametrize(("line", "words"), LINES.values(), ids=LINES)
def test_what_is_offered(line: str, words: list[str], place: Path) -> None:
    assert offered(place, line) == words


@pytest.mark.parametrize("state", ["a file", "a folder without runs"])
def test_without_a_state_nothing_is_offered_and_nothing_made(state: str, place: Path, tmp_path: Path) -> None:
    own = tmp_path / "state"
    own.touch() if state == "a file" else own.mkdir()
    assert offered(place, "tfinfra status ", TFINFRA_STATE_DIR=str(own)) == []
    assert own.is_file() or list(own.iterdir()) == []


def test_a_name_that_is_no_word_is_left_to_the_shell(place: Path, tmp_path: Path) -> None:
    for name in ("my train.yaml", "a.yaml"):
        (tmp_path / name).touch()
    assert offered(place, f"tfinfra validate {tmp_path}/") == [f"{tmp_path}/"]  # "file": bash completes it itself
    (tmp_path / "compute_targets.yaml").write_text("'a b$(id)': {cloud: azure}\nfew: {cloud: azure}\n")
    assert offered(place, "tfinfra up x.yaml --target ", tmp_path) == ["local", "few"]


def test_nobody_waits(place: Path) -> None:
    began = time.process_time(), os.times().children_user + os.times().children_system
    offered(place, "tfinfra status ")
    assert os.times().children_user + os.times().children_system - began[1] < 1.0  # 0.2 s where nothing else runs


SHELLS = {
    "bash": ["--norc", "--noprofile", "-c"],
    "zsh": ["-f", "-c"],
    "fish": ["--no-config", "-c"],
}
ASK = {
    "bash": """
eval "$(tfinfra completion bash)"
COMP_WORDS=(tfinfra logs digits-b) COMP_CWORD=2
_tfinfra_completion tfinfra
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
autoload -U compinit && compinit -u -D
eval "$(tfinfra completion zsh)"
print ${_comps[tfinfra]}
""",
    "fish": """
tfinfra completion fish | source
complete -C 'tfinfra logs digits-b'
""",
}
ANSWERS = {"bash": "digits-bbbbbb", "zsh": "_tfinfra_completion", "fish": "digits-bbbbbb"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_takes_the_script(shell: str, place: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    done = subprocess.run(
        [shell, *SHELLS[shell], ASK[shell]],
        cwd=place / "work", env=environ(place), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == [ANSWERS[shell]], done.stderr


def test_the_shell_is_the_users_where_none_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert main(["completion", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["shell"] == "fish"
    assert "complete" in document["script"]
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main(["completion"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: there is no script for your shell, 'tcsh'",
        "  hint: name one: bash, zsh, fish",
    ]
