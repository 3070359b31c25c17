"""Ending what a task leaves behind: its session, its group, whether they want to end or not."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tfinfra.agent.processes import Command, Process, end_group, group_members, session_members

PYTHON = "import os, subprocess; subprocess.Popen(['sleep', '600'], preexec_fn=os.setpgrp)"
LEAVES_A_CHILD = "trap '' TERM HUP; for i in 1 2 3 4 5 6 7 8; do sleep 600 & done"
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system tells nothing of sessions")


def ended(folder: Path, script: str) -> Process:
    """A shell that ran `script` and is over."""
    process = Process(Command(["sh", "-c", script], folder, os.environ, folder / "log"))
    while process.poll() is None:
        time.sleep(0.005)
    return process


@needs_proc
def test_nothing_of_a_session_is_left_once_its_rest_was_ended(tmp_path: Path) -> None:
    process = ended(tmp_path, LEAVES_A_CHILD)
    assert len(session_members(process.pid)) == 8
    process.end_rest()
    assert session_members(process.pid) == []


@needs_proc
def test_a_process_in_a_group_of_its_own_belongs_to_the_session(tmp_path: Path) -> None:
    process = ended(tmp_path, f'{sys.executable} -c "{PYTHON}"')
    assert group_members(process.pid) == []
    assert len(session_members(process.pid)) == 1
    process.end_rest()
    assert session_members(process.pid) == []


@needs_proc
def test_nothing_of_a_group_is_left_once_it_was_ended(tmp_path: Path) -> None:
    process = ended(tmp_path, LEAVES_A_CHILD)
    end_group(process.pid)
    assert group_members(process.pid) == []
