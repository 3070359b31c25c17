"""The question before a run that costs money, at a real pseudo-terminal."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tfinfra.cli.live import LiveView
from tfinfra.cli.main import main
from tfinfra.cli.output import told_by
from tfinfra.cli.runs import consent
from tfinfra.errors import Cancelled
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.terms import Terms, agreed
from tfinfra.lifecycle.watch.plain_view import PlainView, QuietView

TERMS = Terms("2 x D", 0.3, 0.3, "", 60, "max_run_duration")
VIEW = PlainView(io.StringIO(), io.StringIO(), str)


@contextmanager
def terminal() -> Iterator[int]:
    """The end of a terminal at which the person sits; the other one is stdin and stderr. No fixture: pytest puts its
    own streams back between a fixture and its test."""
    person, ours = os.openpty()
    with (
        pytest.MonkeyPatch.context() as patch,
        os.fdopen(os.dup(ours), "r") as stdin,
        os.fdopen(ours, "w") as stderr,
    ):
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stderr", stderr)
        yield person
    os.close(person)


def types(terminal: int, text: bytes) -> None:
    """Types once the question is there: what was typed before is forgotten."""

    def run() -> None:
        shown = b""
        while consent.QUESTION.encode() not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, text)

    threading.Thread(target=run, daemon=True).start()


def nothing() -> None:
    """Nothing interrupts."""


ANSWERS = {
    "yes": (b"y\n", True),
    "yes, in full": (b"YES\n", True),
    "no": (b"n\n", False),
    "an empty line": (b"\n", False),
    "the end of the input": (b"\x04", False),
    "something else first": (b"what?\ny\n", True),
}


@pytest.mark.parametrize(("typed", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers(typed: bytes, expected: bool) -> None:
    with terminal() as person:
        types(person, typed)
        assert consent.consent(VIEW, yes=False)(TERMS, nothing) is expected


def test_an_enter_of_before_answers_nothing() -> None:
    with terminal() as person:
        os.write(person, b"y\n")
        types(person, b"n\n")
        assert consent.ask(nothing) is False


def test_what_interrupts_the_run_ends_the_waiting() -> None:
    def interrupted() -> None:
        raise Cancelled("Ctrl-C ended the run")

    with terminal(), pytest.raises(Cancelled):
        consent.ask(interrupted)


def test_a_live_view_rests_while_it_is_asked() -> None:
    with terminal() as person:
        view = LiveView(lambda: 0.0)
        view.start()
        types(person, b"y\n")
        assert consent.consent(view, yes=False)(TERMS, nothing) is True
        view.stop()


def test_yes_asks_nobody() -> None:
    with terminal():
        assert consent.consent(VIEW, yes=True) is agreed


@pytest.mark.parametrize(("words", "asks"), [((), True), (("--json",), False), (("--yes",), False)])
def test_who_wants_a_document_is_asked_nothing(
    words: tuple[str, ...], asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[UpOptions] = []

    def launch(manifest: object, options: UpOptions, view: object) -> None:
        given.append(options)
        raise Cancelled("not begun")

    monkeypatch.setattr("tfinfra.lifecycle.up.launch.launch_manifest", launch)
    with terminal():
        assert main(["up", "train.yaml", *words]) == 8
    assert (given[0].consent is not agreed) == asks


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_without_a_terminal_nobody_is_asked(stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("y\n")
    with terminal():
        with (tmp_path / "file").open("r+") as file:
            monkeypatch.setattr(sys, stream, file)
            assert consent.consent(VIEW, yes=False) is agreed
        assert consent.consent(VIEW, yes=False) is agreed  # a closed stream
        monkeypatch.setattr(sys, stream, None)
        assert consent.consent(VIEW, yes=False) is agreed
        monkeypatch.undo()


def test_a_quiet_run_shows_what_it_asks_about(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal() as person:
        types(person, b"y\n")
        view = QuietView(io.StringIO(), io.StringIO(), str)
        shown = list[str]()
        with told_by(shown.append):
            assert consent.consent(view, yes=False)(TERMS, nothing) is True
    assert shown[0].startswith("2 x D: 0.30 USD an hour")
