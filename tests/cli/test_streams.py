"""The command where its streams are closed, full or read by nobody, or the locale cannot write what a plan holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = f"{sys.executable} -m tfinfra"
MISSING = f"{COMMAND} validate nothing.yaml"
LOST = {
    "stdin closed": "<&-",
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "both full": ">/dev/full 2>/dev/full",
    "stdout without a reader": "> >(exec true)",
    "stderr without a reader": "2> >(exec true)",
    "stdout only to be read": "1</dev/null",
}


def typed(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "TFINFRA_STATE_DIR": str(folder / "state"), **variables}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("json_flag", ["", "--json"])
@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_stream_that_takes_nothing_hides_no_exit_code_and_gets_into_no_other(
    lost: str, json_flag: str, tmp_path: Path
) -> None:
    done = typed(f"{MISSING} {json_flag} {lost}", tmp_path)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert not (tmp_path / "state" / "reports").exists()
    if json_flag and done.stdout:
        assert json.loads(done.stdout)["exit_code"] == 3


def test_a_manifest_out_of_a_closed_stdin_is_told_as_such(tmp_path: Path) -> None:
    done = typed(f"{COMMAND} validate - <&-", tmp_path)
    assert "stdin is closed: there is no manifest to read" in done.stderr


TAKES_NOTHING = {
    "a document": ("schema --json >/dev/full", 1),
    "a text": ("--version >/dev/full", 1),
    "a help": ("up --help >/dev/full", 1),
    "to where nobody listens": ("schema >&-", 0),
    "to a reader that has seen enough": ("schema | head -c1 >/dev/null; exit ${PIPESTATUS[0]}", 0),
    "a help to a reader that has gone": ("--help > >(exec true)", 0),
}


@pytest.mark.parametrize(("words", "code"), TAKES_NOTHING.values(), ids=TAKES_NOTHING)
def test_what_is_not_printed_is_an_error_where_somebody_waits_for_it(words: str, code: int, tmp_path: Path) -> None:
    done = typed(f"{COMMAND} {words}", tmp_path)
    assert done.returncode == code
    assert ("stdout takes nothing: No space left on device" in done.stderr) == (code == 1)
    assert "Traceback" not in done.stderr


def test_who_interrupts_what_nobody_reads_waits_no_longer(tmp_path: Path) -> None:
    """A pipe that is full, and held open by somebody who does not read."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write, True)
    command = [*COMMAND.split(), "schema", "--json"]
    with subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE, cwd=tmp_path, text=True) as process:
        time.sleep(2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    os.close(read)
    os.close(write)
    assert process.returncode in (1, 8)
    assert "Traceback" not in said


LOCALES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "an encoding of Python's": {"PYTHONIOENCODING": "ascii"},
    "an encoding without ASCII": {"PYTHONIOENCODING": "utf-16"},
    "an encoding that only errors": {"PYTHONIOENCODING": "ascii:strict"},
}


@pytest.mark.parametrize("variables", LOCALES.values(), ids=LOCALES)
def test_a_document_is_one_in_any_locale(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / "train.yaml").write_text("entry_script: train.py\nn\u00f6pe: '\u2713'\n", encoding="utf-8")
    done = typed(f"{COMMAND} validate train.yaml --json", tmp_path, **variables)
    assert done.returncode == 3
    assert json.loads(done.stdout)["diagnostics"][0]["message"] == "unknown key 'n\u00f6pe'"
    assert "TFI203" in done.stderr


def test_a_run_is_recorded_in_a_locale_without_utf_8(tmp_path: Path) -> None:
    written = """
import json, sys
from pathlib import Path
from tfinfra.lifecycle.record.run_record import RunFolder
folder = RunFolder(Path(sys.argv[1]))
folder.write_deploy({"README": "2 \\u00d7 Standard_D2s_v5"})
print(ascii((folder.deploy / "README").read_bytes()))
"""
    environ = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", written, str(tmp_path)], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ascii("2 \u00d7 Standard_D2s_v5".encode())
