"""The command where its streams are closed, or the locale cannot write what a plan holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = f"{sys.executable} -m tfinfra.cli.main validate nothing.yaml"
CLOSED = {"stderr": "2>&-", "stdout and stderr": ">&- 2>&-", "stdin": "<&-", "all": "<&- >&- 2>&-"}


@pytest.mark.parametrize("closed", CLOSED.values(), ids=CLOSED)
def test_a_closed_stream_changes_no_exit_code_and_gets_into_no_other(closed: str, tmp_path: Path) -> None:
    environ = {**os.environ, "TFINFRA_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} {closed}"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "")
    assert not (tmp_path / "state" / "reports").exists()


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
