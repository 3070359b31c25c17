"""Every way by which text of a node, a store or a cloud reaches a person: on a terminal and in a pipe, nothing in it is
obeyed, and a file gets what the script wrote."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks import obeyed
from tests.cli_runs.hostile_sinks import RUN, WAYS, recorded
from tfinfra.cli.main import main

PROGRAM = [sys.executable, "-m", "tests.cli_runs.hostile_sinks"]
ROOT = Path(__file__).parents[2]
REDRAWN = re.compile(r"\x1b\[(?:\?7[lh]|J|\d+A)|\r")
"""How the live view draws its rows anew."""
COLOR = re.compile(r"\x1b\[[0-9;:]*m")


def by_way(printed: bytes) -> dict[str, str]:
    found = re.split(r"\nWAY (.+)\n", printed.decode("utf-8").replace("\r\n", "\n"))
    return dict(zip(found[1::2], found[2::2], strict=True))


def on_a_terminal(command: list[str], **options: object) -> bytes:
    """What the command writes to both streams, which are one terminal."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", "PYTHONUTF8": "1"}
    environ.pop("NO_COLOR", None)
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=ROOT)
    os.close(theirs)
    printed = b""
    with suppress(OSError):  # the terminal's end, on Linux
        while data := os.read(ours, 1 << 16):
            printed += data
    os.close(ours)
    assert child.wait() == 0, printed.decode(errors="replace")
    return printed


@pytest.fixture(scope="module")
def on_terminal(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return by_way(on_a_terminal([*PROGRAM, str(tmp_path_factory.mktemp("terminal"))]))


@pytest.fixture(scope="module")
def in_pipe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    command = [*PROGRAM, str(tmp_path_factory.mktemp("pipe"))]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    return by_way(done.stdout)


@pytest.mark.parametrize("way", WAYS)
def test_a_terminal_obeys_nothing(on_terminal: dict[str, str], way: str) -> None:
    printed = on_terminal[way]
    assert "pwned" in printed
    assert obeyed(COLOR.sub("", REDRAWN.sub("", printed))) == []
    assert not re.search(r"\x1b\[(?:\d+;)*8m", printed)


@pytest.mark.parametrize("way", WAYS)
def test_a_pipe_carries_nothing_that_would_be_obeyed(in_pipe: dict[str, str], way: str) -> None:
    assert "pwned" in in_pipe[way]
    assert obeyed(in_pipe[way]) == []


@pytest.mark.parametrize("way", ["a script's line", "logs", "logs -f"])
def test_each_line_of_a_script_says_whose_it_is(in_pipe: dict[str, str], on_terminal: dict[str, str], way: str) -> None:
    assert all(line.startswith("rank-0 | ") for line in in_pipe[way].splitlines())
    rows = [REDRAWN.sub("", COLOR.sub("", row)) for row in on_terminal[way].split("\n")]
    assert all(row.startswith("rank-0 | ") for row in rows if "pwned" in row)
    assert re.search(r"\x1b\[(31;1|1;31)mred\x1b\[0m", on_terminal[way])


def test_a_file_gets_the_lines_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path))
    recorded(["\x1b[31mred\x1b[0m", "##vso[task.complete]x"])
    for options, lines in (
        ([], "red\n# #vso[task.complete]x\n"),
        (["--raw"], "\x1b[31mred\x1b[0m\n##vso[task.complete]x\n"),
    ):
        path = tmp_path / "printed"
        with path.open("wb") as out:
            command = [sys.executable, "-m", "tfinfra.cli.main", "logs", RUN, *options]
            subprocess.run(command, cwd=ROOT, stdout=out, check=True)
        assert path.read_text() == lines


def test_raw_lines_are_for_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["logs", RUN, "--raw"]) == 2
