"""The command as a process: what Python, the caller's environment and signals make of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfinfra import __main__ as main
from tfinfra.documents.heading import headed

COMMAND = [sys.executable, "-m", "tfinfra"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / "train.yaml").write_text("entry_script: train.py\n")
    return tmp_path


def environment(folder: Path, **variables: str) -> dict[str, str]:
    return {**os.environ, "TFINFRA_STATE_DIR": str(folder / "state"), **variables}


def started(folder: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        env=environment(folder, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


SIGNALS: dict[str, tuple[signal.Signals, ...]] = {
    "Ctrl-C": (signal.SIGINT,),
    "Ctrl-C twice": (signal.SIGINT, signal.SIGINT),
    "a batch system": (signal.SIGTERM,),
    "a terminal that closes, then a batch system, then Ctrl-C": (signal.SIGHUP, signal.SIGTERM, signal.SIGINT),
}


@pytest.mark.parametrize("case", SIGNALS)
def test_a_signal_at_any_moment_ends_in_one_document(case: str, folder: Path) -> None:
    """From the first line of ours on; before that the process is Python's."""
    began = time.monotonic()
    with started(folder, "plan", "train.yaml", "--json") as process:
        assert process.wait(60) == 0
    whole = time.monotonic() - began
    codes = set[int]()
    for part in (0.3, 0.5, 0.7, 0.9):
        with started(folder, "plan", "train.yaml", "--json") as process:
            time.sleep(whole * part)
            for number in SIGNALS[case]:
                process.send_signal(number)
                time.sleep(0.005)
            out, said = process.communicate(timeout=30)
        if not out and "/tfinfra/" not in said:
            continue  # Python had not begun with anything of ours
        assert json.loads(out).get("exit_code", 0) == process.returncode, (part, out, said)
        assert json.loads(out)["document"] == ("error" if process.returncode else "plan")
        assert "Traceback" not in said and "Exception" not in said
        codes.add(process.returncode)
    assert codes <= {0, 8}
    assert 8 in codes


def test_the_document_of_the_first_moment_is_one_of_errors() -> None:
    found = json.loads(main._DOCUMENT)
    assert found == headed("error", found)


def test_who_is_interrupted_under_nohup_goes_on(folder: Path) -> None:
    with subprocess.Popen(
        ["nohup", *COMMAND, "plan", "train.yaml", "--json"],
        cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        time.sleep(0.3)
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "exit_code" not in json.loads(out)


ENVIRONMENTS: dict[str, dict[str, str]] = {
    "Python without asserts": {"PYTHONOPTIMIZE": "1"},
    "Python without docstrings": {"PYTHONOPTIMIZE": "2"},
    "warnings are errors": {"PYTHONWARNINGS": "error"},
    "Python in development": {"PYTHONDEVMODE": "1", "PYTHONASYNCIODEBUG": "1"},
    "a file for interactive Pythons": {"PYTHONSTARTUP": "/nonexistent"},
    "a terminal that nobody knows": {"TERM": "nonsense", "COLUMNS": "abc", "LINES": "-3"},
    "no width": {"COLUMNS": "0", "TERM": ""},
    "a time zone that is none": {"TZ": "Mars/Olympus"},
    "no folder for temporary files": {"TMPDIR": "/nonexistent"},
}


@pytest.mark.parametrize("variables", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_what_the_environment_says_to_python_changes_nothing(variables: dict[str, str], folder: Path) -> None:
    with started(folder, "plan", "train.yaml", "--json", **variables) as process:
        out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert json.loads(out)["plan"]["name"] == "train"
    assert "Error" not in said and "Warning" not in said


def test_help_is_there_without_docstrings(folder: Path) -> None:
    with started(folder, "up", "--help", PYTHONOPTIMIZE="2") as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Train MANIFEST" in out


SHADOWS = ("random", "secrets", "queue", "json", "logging", "http", "platform", "typing", "signal", "click", "yaml")


def test_a_users_file_is_no_module_of_the_librarys(folder: Path) -> None:
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(f"raise ImportError('{name} of the user')\n")
    with started(folder, "plan", "train.yaml", "--json") as process:
        out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert json.loads(out)["plan"]["name"] == "train"


@pytest.mark.parametrize(("manifest", "exit_code"), [("node_cout: 2\n", 3), ("", 2)])
def test_a_wrong_manifest_is_told_before_a_state_folder_that_cannot_be_used(
    manifest: str, exit_code: int, folder: Path
) -> None:
    with (folder / "train.yaml").open("a") as file:
        file.write(manifest)
    (folder / "file").touch()
    up = started(folder, "up", "train.yaml", TFINFRA_STATE_DIR=str(folder / "file"))
    said = up.communicate(timeout=60)[1]
    assert up.returncode == exit_code, said
