"""`tfinfra exec`: what of a command's output comes to whom."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pytest

from tfinfra.cli.main import main
from tfinfra.lifecycle.asking.execute import Executed, NodeEnd
from tfinfra.lifecycle.watch.log_reader import LogLine

PRINTED = '{"a": "\x1b[31mred\x07"}'


@pytest.fixture(autouse=True)
def node(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node on which each command prints one line."""

    def execute(found: Any, argv: Any, node: int | None, show: Callable[[LogLine], None], tell: Any) -> Executed:
        show(LogLine("node-0", PRINTED))
        return Executed("digits-abc123", "cat", (NodeEnd(0, 0),))

    monkeypatch.setattr("tfinfra.lifecycle.attach.find_run.find_run", lambda *_, **__: None)
    monkeypatch.setattr("tfinfra.lifecycle.asking.execute.execute", execute)


def printed(monkeypatch: pytest.MonkeyPatch, reader: int, stdout: TextIO, *options: str) -> str:
    with stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert main(["exec", "digits", *options, "--", "cat"]) == 0
    with open(reader, "rb") as text:
        return text.raw.read(1000).decode()


SHOWN = {
    "alone, as it stands": ((), f"{PRINTED}\n"),
    "of all nodes, with whose it is": (("--all",), 'node-0 | {"a": "red\N{REPLACEMENT CHARACTER}"}\n'),
}


@pytest.mark.parametrize(("options", "shown"), SHOWN.values(), ids=SHOWN)
def test_another_program_gets_a_line(monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], shown: str) -> None:
    reader, writer = os.pipe()
    assert printed(monkeypatch, reader, os.fdopen(writer, "w"), *options) == shown


def test_a_file_gets_a_line_as_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.touch()
    reader = os.open(path, os.O_RDONLY)
    assert printed(monkeypatch, reader, path.open("w")) == f"{PRINTED}\n"


def test_a_terminal_gets_nothing_in_front_and_nothing_that_it_would_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    reader, terminal = pty.openpty()
    shown: list[bytes] = []
    with os.fdopen(terminal, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert main(["exec", "digits", "--", "cat"]) == 0
        shown.append(os.read(reader, 1000))
    os.close(reader)
    line = shown[0].decode().rstrip("\r\n")
    assert line.startswith('{"a": "') and "\x1b" not in line and "\x07" not in line
