"""What other programs say is read as text, whatever they write and in whichever locale."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

import pytest

from tfinfra.system.process.commands import finished, finished_with_all

SAID = {
    "nothing": ("", ""),
    "UTF-8": (r"caf\303\251", "café"),
    "another encoding": (r"caf\351", "caf\ufffd"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_a_program_says_is_text(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    written, read = SAID[case]
    done = finished(["sh", "-c", f"printf '{written}'; printf '{written}' >&2; exit 3"])
    assert (done.stdout, done.stderr, done.returncode) == (read, read, 3)


def test_a_program_gets_what_it_is_given() -> None:
    assert finished(["cat"], input="é\n", env={"PATH": "/bin:/usr/bin"}).stdout == "é\n"


def test_a_program_that_does_not_end_is_told() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        finished(["sleep", "60"], timeout=0.05)


def test_a_program_that_does_not_end_takes_all_that_it_started_with_it(tmp_path: Path) -> None:
    pipe = tmp_path / "held"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    script = "trap 'echo asked > asked; exit' TERM; exec 3> held; sleep 60 >/dev/null 2>&1 & cat; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        finished_with_all(["sh", "-c", script], cwd=tmp_path, env=dict(os.environ), input="x", timeout=0.5)
    held = select.poll()
    held.register(reader, select.POLLHUP)
    assert held.poll(5000), "what it started still holds the pipe"
    assert (tmp_path / "asked").exists()
    os.close(reader)


def test_a_program_that_ends_says_what_it_said(tmp_path: Path) -> None:
    script = "cat; pwd >&2; exit 3"
    done = finished_with_all(["sh", "-c", script], cwd=tmp_path, env=dict(os.environ), input="é", timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("é", f"{tmp_path}\n", 3)
