"""The live view on a real terminal: what is over stays as lines, what goes on has a few rows, nothing else is left."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.cli.terminals import Terminal, python, terminal
from tfinfra.cli.live_rows import LiveState, RunningPhase, live_rows
from tfinfra.lifecycle.watch.observer import UnderWay
from tfinfra.model import TaskStatus

PLAYED = """
import os, sys, time
from tfinfra.cli.live import run_view
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.run.signals import interruptible
from tfinfra.lifecycle.watch.observer import UnderWay
from tfinfra.model import Task, TaskStatus
from tfinfra.system.process import interruption

interruption.begin(print)
tasks, lines = int(sys.argv[1]), int(sys.argv[2])
interrupt = Interrupt()
with run_view(False) as view, interruptible(interrupt, "digits-abc123", view.interject):
    view.expect({"environment": 40.0})
    view.say("run digits-abc123 on the local cloud")
    view.begin("compile", "the manifest")
    view.end("compile", 0.1, "deploy/digits/")
    all_tasks = tuple(Task(f"worker-{n}", "worker", n, n % 2, n // 2, None) for n in range(tasks))
    view.under_way(UnderWay("digits-abc123", all_tasks, time.time(), lambda: time.time() + 3600, lambda: 0.43))
    view.begin("environment", "the training environment")
    view.progress("environment", "installing")
    time.sleep(0.4)
    view.end("environment", 41.0, "the training environment")
    view.begin("train", f"{tasks} tasks on 2 nodes")
    for number in range(tasks - int(os.environ.get("LATE", 0))):
        view.task(TaskStatus(f"worker-{number}", number % 2, "running"))
    for number in range(lines):
        view.line("worker-0", f"step {number} \\033[31mred\\033[0m \\033]0;title\\007\\033[2J\\033[H end {number}")
        time.sleep(0.002)
    view.line("worker-0", "ready")
    while not interrupt.requested and os.environ.get("WAITS"):
        time.sleep(0.01)
    view.end("train", 12.0, f"{tasks} tasks on 2 nodes")
print("after", flush=True)
"""
PHASE = re.compile(r"^[✓…] (\w+)")


def drawn(here: Terminal) -> bool:
    """Whether the rows of what goes on are there."""
    return any(line.startswith("… train") for line in here.display)


def phases(here: Terminal) -> list[str]:
    return [line for line in here.lines if PHASE.match(line)]


@pytest.mark.parametrize("tasks", [14, 64])
def test_the_log_has_most_of_a_small_terminal(tasks: int) -> None:
    with terminal(python(PLAYED, str(tasks), "40"), WAITS="1") as here:
        here.shows("ready")
        here.until(lambda: drawn(here))
        rows = here.display
        assert sum(line.startswith("worker-0 | ") for line in rows) >= 16
        assert f"worker-0..{tasks - 1} running" in "\n".join(rows)
        assert "0.43 USD so far" in "\n".join(rows)
        assert "at the latest" in "\n".join(rows)
        here.type(b"\x03")
        assert here.ends() == 0


def test_tasks_of_which_nothing_is_known_yet_are_counted_too() -> None:
    with terminal(python(PLAYED, "14", "3"), WAITS="1", LATE="7") as here:
        here.shows("ready")
        here.shows("14 tasks: 7 pending, 7 running")
        here.type(b"\x03")
        assert here.ends() == 0


SIZES = [(80, 24), (20, 10), (200, 50), (80, 1), (80, 2), (7, 3), (1, 1)]


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_nothing_but_lines_is_left_at_the_end(columns: int, lines: int) -> None:
    with terminal(python(PLAYED, "14", "30"), columns, lines) as here:
        assert here.ends() == 0
        text = "".join(here.lines)  # of a narrow terminal too
        if columns >= 80:
            assert [line[:13].strip() for line in phases(here)] == ["✓ compile", "✓ environment", "✓ train"]
        assert [int(n) for n in re.findall(r"end(?: *)(\d+)", text)] == list(range(30)) or columns < 20
        assert "USD so far" not in text
        assert here.lines[-1] == "after"[-columns:]


def test_a_phase_says_how_long_it_took_the_last_time() -> None:
    with terminal(python(PLAYED, "1", "0")) as here:
        here.shows("about 40 s, as last time; installing")
        assert here.ends() == 0


def test_colours_stay_and_nothing_else_of_a_script_is_obeyed() -> None:
    with terminal(python(PLAYED, "1", "3")) as here:
        assert here.ends() == 0
        assert b"\x1b[31mred\x1b[0m" in here.sent
        assert not any(obeyed in here.sent for obeyed in (b"\x1b]", b"\x1b[2J", b"\x1b[H", b"title"))


def test_no_colour_where_none_is_wished() -> None:
    with terminal(python(PLAYED, "1", "3"), NO_COLOR="1") as here:
        assert here.ends() == 0
        assert set(re.findall(rb"\x1b\[([0-9;]+)m", here.sent)) <= {b"0", b"1", b"2"}  # weights are no colours


KEYS = {"Ctrl-C": b"\x03", "Enter, letters, then Ctrl-C": b"\n\nabc\x1b[A\t\x03"}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_what_is_typed_leaves_no_ghost(keys: bytes) -> None:
    with terminal(python(PLAYED, "4", "5"), WAITS="1") as here:
        here.shows("ready")
        here.until(lambda: not here.echoes)
        here.type(keys)
        assert here.ends() == 0
        shown = "\n".join(here.lines)
        assert "Ctrl-C: stopping digits-abc123 and deleting everything; once more leaves at once" in shown
        assert [PHASE.match(line)[1] for line in phases(here)] == ["compile", "environment", "train"]  # type: ignore[index]
        assert "^C" not in shown
        assert here.echoes


def test_leaving_at_once_leaves_the_terminal_as_it_was() -> None:
    stuck = PLAYED.replace("while not interrupt.requested and", "while")
    with terminal(python(stuck, "4", "5"), WAITS="1") as here:
        here.shows("ready")
        here.type(b"\x03")
        here.shows("once more leaves at once")
        here.type(b"\x03")
        assert here.ends() == 8
        assert "left at once; `tfinfra down digits-abc123`" in "\n".join(here.lines)
        assert not any(line.startswith("… ") for line in here.lines)
        assert here.echoes


ENDS = {"TERM before a run": signal.SIGTERM, "Ctrl-backslash": signal.SIGQUIT}


@pytest.mark.parametrize("number", ENDS.values(), ids=ENDS)
def test_a_signal_that_kills_gives_the_terminal_back(number: signal.Signals) -> None:
    plain = (  # a suite that runs in the background inherits SIGQUIT as one that is ignored
        f"import signal, time\nsignal.signal({int(number)}, signal.SIG_DFL)\nfrom tfinfra.cli.live import run_view\n"
        "with run_view(False) as view:\n    view.begin('a', 'b')\n    time.sleep(60)\n"
    )
    with terminal(python(plain)) as here:
        here.shows("… a")
        assert not here.echoes
        os.kill(here.pid, number)
        assert here.ends() == -number
        assert here.echoes
        assert "… a" not in "\n".join(here.lines)


def test_a_stopped_process_takes_its_rows_away_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "played.py").write_text(PLAYED)
    with terminal(["bash", "--norc", "--noprofile", "-i"], PS1="$ ", WAITS="1") as here:
        here.shows("$")
        here.type(f"{sys.executable} {tmp_path}/played.py 4 5\n".encode())
        here.until(lambda: drawn(here))
        here.type(b"\x1a")
        here.shows("Stopped")
        assert not drawn(here)
        here.type(b"bg\necho in the background\n")
        here.shows("\nin the background")
        assert not drawn(here)
        here.type(b"fg\n")
        here.until(lambda: drawn(here))
        here.type(b"\x03")
        here.shows("\nafter")
        assert not drawn(here)
        here.type(b"echo $((6 * 7))\n")
        here.shows("\n42")
        here.type(b"exit\n")
        assert here.ends() == 0


@pytest.mark.parametrize("size", [(40, 10), (120, 40), (80, 3)])
def test_a_terminal_that_changes_its_size_keeps_no_ghost(size: tuple[int, int]) -> None:
    with terminal(python(PLAYED, "14", "3"), WAITS="1") as here:
        here.shows("ready")
        here.until(lambda: drawn(here))
        here.resize(*size)
        time.sleep(0.3)
        here.type(b"\x03")
        assert here.ends() == 0
        assert not any(line.startswith(("… ", "  worker")) for line in here.lines)
        assert "after" in here.lines[-1]


def test_rows_are_few_whatever_goes_on() -> None:
    running = [RunningPhase(f"p{n}", "", 0.0) for n in range(30)]
    tasks = [
        TaskStatus(f"worker-{n}", 0, state) for n, state in enumerate(["running", "failed", "lost", "pending"] * 9)
    ]
    run = UnderWay("digits-abc123", (), 0.0, lambda: 5.0, lambda: 0.0)
    for height in range(1, 60):
        for phases_shown in (running, running[:1], []):
            rows = live_rows(LiveState(phases_shown, tasks, run, 9.0), height)
            assert len(rows) <= max(height // 3, min(1, height - 1))
    assert "its time is over" in live_rows(LiveState([], [], run, 9.0), 24)[-1].plain


STUCK = """
import sys, time
from tfinfra.cli.live import run_view
from tfinfra.cli.screen import MOST_WAITING
with run_view(False) as view:
    for number in range(3 * MOST_WAITING):  # one batch may be under way, another waits
        view.line("rank-0", f"line {number}")
    open(sys.argv[1], "w").close()
print("after", flush=True)
"""


def test_a_terminal_that_takes_nothing_stops_no_run(tmp_path: Path) -> None:
    with terminal(python(STUCK, str(tmp_path / "done"))) as here:  # nobody reads yet, as after Ctrl-S
        end = time.monotonic() + 30
        while not (tmp_path / "done").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        assert here.ends() == 0
        # Where the line stands follows from when the painter first came: it may have scrolled out of what is kept.
        assert b"lines are not shown: this terminal took none" in here.sent
        assert here.lines[-1] == "after"


def test_wide_letters_and_odd_ones_keep_the_rows_in_their_places() -> None:
    odd = "with run_view(False) as view:\n    view.begin('p', '\U0001f680漢字 e\u0301\t' * 40)\n    time.sleep(0.5)"
    with terminal(python(PLAYED.partition("interruption.begin")[0] + odd), 40, 10) as here:
        here.shows("… p")
        assert sum(bool(row) for row in here.display) == 1
        assert here.ends() == 0
        assert here.lines == []
