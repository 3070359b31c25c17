"""`cloud: azure` before its first write, by the command as it is typed: the checklist, the question at a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tfinfra.cli.consent import QUESTION
from tfinfra.localcloud.layout import SUBSCRIPTION

pytestmark = pytest.mark.engine
MANIFEST = f"""\
entry_script: train.py
compute_target:
  cloud: azure
  subscription_id: {SUBSCRIPTION}
  location: eastus
  vm_size: Standard_D2s_v5
limits: {{max_run_duration: 1h, max_cost_usd: 1, keep_outputs: 1h}}
"""
COMMAND = (sys.executable, "-m", "tfinfra.cli.main")


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Rehearsed]:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/train.py").write_text("import tensorflow\n")
    (tmp_path / "project/train.yaml").write_text(MANIFEST)
    with rehearsed(tmp_path / "cloud", tmp_path, {"machines": "fake"}) as made:
        yield made


def environment(azure: Rehearsed, folder: Path) -> dict[str, str]:
    return {**os.environ, **azure.variables, "TFINFRA_STATE_DIR": str(folder / "state")}


def test_the_checklist(azure: Rehearsed, tmp_path: Path) -> None:
    words = [*COMMAND, "doctor", "--manifest", "train.yaml", "--json"]
    done = subprocess.run(
        words,
        cwd=tmp_path / "project",
        env=environment(azure, tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = json.loads(done.stdout)
    steps = {step["check"]: step for step in found["steps"]}
    assert (done.returncode, found["cloud"], found["exit_code"]) == (0, "azure", 0), done.stderr
    assert {name for name, step in steps.items() if step["level"] != "ok"} == {"plugin"}
    assert "a person, object " in steps["credential"]["text"]
    assert azure.groups == set()


def answered(azure: Rehearsed, folder: Path, key: bytes) -> tuple[int, str]:
    """The status and the output of an `up` at a terminal where somebody types `key` once it asks."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder / "project")
        os.execve(sys.executable, [*COMMAND, "up", "train.yaml"], environment(azure, folder))
    shown, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the terminal goes with its process
            break
        if not more:
            break
        before, shown = shown, shown + more
        if QUESTION.encode() in shown and QUESTION.encode() not in before:
            os.write(terminal, key)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")


@pytest.mark.parametrize("key", [b"n\n", b"\x03"], ids=["no", "Ctrl-C"])
def test_who_declines_at_a_terminal_has_touched_nothing(key: bytes, azure: Rehearsed, tmp_path: Path) -> None:
    status, shown = answered(azure, tmp_path, key)
    assert status == 8, shown
    assert "1 x Standard_D2s_v5 in eastus: 0.17 USD an hour at list price" in shown
    assert shown.index("deadline: everything billed by the hour is deleted") < shown.index(QUESTION)
    assert ("nothing was touched" in shown) is (key == b"n\n")
    assert azure.groups == set()
