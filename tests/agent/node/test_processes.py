"""Ending what a task leaves behind: its session, its group, whether they want to end or not."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfinfra.agent.node.processes import Command, Process, end_group, group_members, session_members, unlock_memory

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


LOW_LIMIT = """
import os, pathlib, resource, sys
hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, hard))
from tfinfra.agent.node.processes import Command, Process
folder = pathlib.Path(sys.argv[1])
process = Process(Command(["sh", "-c", "ulimit -l"], folder, os.environ, folder / "log"))
while process.poll() is None: pass
print(hard // 1024 if hard != resource.RLIM_INFINITY else "unlimited", (folder / "log").read_text())
"""


def test_children_may_lock_as_much_memory_as_is_permitted(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOW_LIMIT, str(tmp_path)], check=True, capture_output=True, text=True)
    permitted, given = done.stdout.split()
    assert given in (permitted, "unlimited")


def test_a_limit_that_may_not_be_raised_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[int, int]] = []

    def refuse(what: int, limits: tuple[int, int]) -> None:
        del what
        tried.append(limits)
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (65536, 8 << 20))
    unlock_memory.cache_clear()
    unlock_memory()
    assert tried == [(resource.RLIM_INFINITY, resource.RLIM_INFINITY), (8 << 20, 8 << 20)]
    unlock_memory.cache_clear()
