"""What the verbs of runs print."""

from __future__ import annotations

import io
import os
import pty
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import World
from tests.lifecycle.record.test_record import a_record
from tfinfra.cli.runs.list_runs import row
from tfinfra.cli.runs.status import status_lines
from tfinfra.errors import Cancelled, Diagnostic, Severity
from tfinfra.lifecycle.attach import attached_run
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.run_status import run_status
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.run.signals import WORD, interruptible, leave_word
from tfinfra.lifecycle.up.launch import closing_lines
from tfinfra.lifecycle.watch.log_reader import LogLine
from tfinfra.lifecycle.watch.plain_view import PlainView
from tfinfra.machine.doctor import CheckResult
from tfinfra.model import TaskStatus


def test_plain_lines_keep_the_scripts_lines_apart_from_progress() -> None:
    out, progress = io.StringIO(), io.StringIO()
    view = PlainView(out, progress, lambda d: d.message)
    view.begin("keep", "group")
    view.line("rank-0", "test accuracy: 0.97")
    view.task(TaskStatus("rank-1", 1, "failed", exit_status=7, message="boom"))
    view.diagnose(Diagnostic("TFI401", Severity.NOTICE, "no GPU"))
    view.end("keep", 1.84, "group")
    assert out.getvalue() == "rank-0 | test accuracy: 0.97\n"
    assert progress.getvalue().splitlines() == [
        "[keep] group",
        "[train] rank-1 on node 1 failed with exit status 7: boom",
        "no GPU",
        "[keep] done in 1.8 s",
    ]


def test_a_reader_that_has_gone_does_not_end_the_run() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        view = PlainView(gone, gone, lambda d: d.message)
        view.line("rank-0", "text")
        view.say("text")
        os.dup2(os.open(os.devnull, os.O_WRONLY), gone.fileno())


def test_the_first_signal_asks_the_second_leaves() -> None:
    said: list[str] = []
    left: list[str] = []
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    with interruptible(interrupt, "digits-abc123", said.append, lambda line, run: left.append(line)):
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.requested
        assert left == []
        os.kill(os.getpid(), signal.SIGTERM)
    assert len(said) == len(left) == 1
    assert "tfinfra down digits-abc123" in left[0]
    assert signal.getsignal(signal.SIGINT) == before


WATCHED = """
import sys, time
from pathlib import Path
from tfinfra.cli.live import LiveView
from tfinfra.cli.output import progress
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.run.signals import interruptible

interrupt, view = Interrupt(), LiveView(time.time)
view.start()
with interruptible(interrupt, "digits-abc123"):
    view.say("begun")
    while not (interrupt.requested if sys.argv[2] == "hup" else Path(sys.argv[3]).exists()):
        view.say("more")
        time.sleep(0.02)
    for number in range(3):
        view.say("deleting")
view.stop()
progress("deleted")
Path(sys.argv[1]).write_text("deleted")
"""


@pytest.mark.parametrize("kind", ["hup", "quiet"])
def test_a_terminal_that_closes_ends_no_deletion(kind: str, tmp_path: Path) -> None:
    """With SIGHUP, and without it, as for a job that its shell has disowned."""
    done, closed = tmp_path / "done", tmp_path / "closed"
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if kind == "quiet" else signal.SIG_DFL)  # tests may run under nohup
        os.execv(sys.executable, [sys.executable, "-c", WATCHED, str(done), kind, str(closed)])
    shown = b""
    while b"begun" not in shown:
        shown += os.read(terminal, 4096)
    os.close(terminal)
    time.sleep(0.3)
    closed.touch()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert done.read_text() == "deleted"


def test_a_run_under_nohup_outlives_its_terminal() -> None:
    interrupt = Interrupt()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible(interrupt, "digits-abc123"):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not interrupt.requested


def test_how_long_a_run_took_that_others_deleted_is_not_made_up() -> None:
    gone = run_status(a_record(), (), None, 4600.0)
    assert (gone.state, row(gone, 4600.0)[4]) == ("deleted", "-")


def test_status_names_tasks_and_nodes() -> None:
    document: dict[str, Any] = {
        "run": "digits-abc123",
        "tasks": [{"task": "rank-0", "node": 0, "state": "failed", "exit_status": 7}],
        "nodes": [{"hostname": "n0", "address": "10.0.0.4"}],
        "hint": "take another",
        "phases": [
            {"phase": "keep", "began": 1000.0, "seconds": 5.0, "failed": False},
            {"phase": "compute", "began": 1005.0, "seconds": 12.0, "failed": True},
        ],
        "state": {
            "state": "ended",
            "result": "failed",
            "started": 1000.0,
            "ended": 2000.0,
            "message": "a\nb",
            "groups": ["g"],
            "deadline": "D",
            "results": None,
            "usd": 1.234,
            "usd_per_hour": 0.5,
            "max_cost_usd": 20.0,
        },
    }
    assert status_lines(document, 2060.0) == [
        "digits-abc123: ended, failed",
        "  started 1970-01-01T00:16:40Z, took 16 min 40 s",
        "  phases: keep 5.0 s, compute 12 s (failed)",
        "  a",
        "  b",
        "  hint: take another",
        "  groups: g (deadline D)",
        "  cost: 1.23 USD of at most 20.00 so far at list price, 0.50 an hour now",
        "  rank-0 on node 0: failed, exit status 7",
        "  node 0: n0 10.0.0.4",
    ]


def test_status_says_since_when_a_run_is_at_it() -> None:
    state: dict[str, Any] = {
        "state": "training",
        "result": None,
        "message": "",
        "groups": [],
        "results": None,
        "usd": 0.0,
    }
    document: dict[str, Any] = {
        "run": "digits-abc123",
        "phases": [
            {"phase": "keep", "began": 1000.0, "seconds": 5.0, "failed": False},
            {"phase": "train", "began": 1005.0, "seconds": None, "failed": False},
        ],
        "usual_seconds": {"train": 300.0},
        "last_line": LogLine("rank-0", "step 7", 1100.0),
        "state": {**state, "started": 1000.0, "ended": None},
    }
    lines = [
        "digits-abc123: training",
        "  started 1970-01-01T00:16:40Z, 2 min 5 s ago",
        "  train: 2 min, about 5 min, as last time",
        "  phases: keep 5.0 s",
        "  last line: rank-0 | step 7",
    ]
    assert status_lines(document, 1125.0) == lines
    ended = {"number": 1, "run": "digits-abc123-t00001", "state": "succeeded", "best": 0.75}
    under_way = {"number": 2, "run": "digits-abc123-t00002", "state": "running", "best": None}
    document["tune"] = {"metric": "acc", "total": 6, "best": 1, "trials": [ended, under_way]}
    told = "  trials: 1 running, 1 succeeded, of at most 6; the best so far is digits-abc123-t00001: acc 0.75"
    assert status_lines(document, 1125.0) == [*lines[:-1], told, lines[-1]]


def test_the_last_lines_say_what_became_of_the_run(tmp_path: Path) -> None:
    result = World(tmp_path).new_run().go()
    lines = closing_lines(result)
    assert lines[0].startswith("digits-abc123 succeeded after")
    assert lines[-1] == "  everything it made is deleted (verified)"


def test_a_detached_run_says_how_to_go_on() -> None:
    lines = closing_lines(RunResult(a_record(detached=True), {}, None))
    assert "tfinfra fetch digits-abc123" in "\n".join(lines)


@pytest.mark.parametrize(("level", "mark"), [("ok", "ok"), ("note", "note"), ("problem", "PROBLEM")])
def test_findings_are_marked(level: str, mark: str) -> None:
    from tfinfra.cli.machine.doctor import lines

    assert lines([CheckResult("disk", level, "1 GiB", "more")])[0].split() == [mark, "disk", "1", "GiB", "(more)"]


SENDERS = {
    "a batch system": (signal.SIGTERM, None, "SIGTERM ended the run"),
    "another terminal": (signal.SIGTERM, "`tfinfra down`", "`tfinfra down` ended the run"),
    "this one": (signal.SIGINT, "`tfinfra down`", "Ctrl-C ended the run"),
}


@pytest.mark.parametrize(("number", "word", "told"), SENDERS.values(), ids=SENDERS)
def test_a_run_says_who_ended_it(number: signal.Signals, word: str | None, told: str, tmp_path: Path) -> None:
    interrupt, said = Interrupt(), list[str]()
    if word is not None:
        leave_word(tmp_path, word)
    with interruptible(interrupt, "digits-abc123", said.append, folder=tmp_path):
        os.kill(os.getpid(), number)
    with pytest.raises(Cancelled, match=told):
        interrupt.check()
    assert said[0].startswith(told.partition(" ended")[0])


def test_down_leaves_word_before_it_ends_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path))
    record = a_record("digits-abc123", phase="running")
    folder = run_folder(tmp_path, record.run)
    folder.write(record)
    found = list[str]()
    monkeypatch.setattr(attached_run, "stop_process", lambda client: found.append((folder.path / WORD).read_text()))
    attached_run.stop_client(record)
    assert found == ["`tfinfra down`"]
