"""What a node's agent makes of the files that rank.sh leaves, without Open MPI."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.backends.specs import plan_of, spec
from tfinfra.agent.node.processes import Command, Process, session_members
from tfinfra.agent.tasks.mpi import ranks
from tfinfra.agent.tasks.mpi.ranks import Rank
from tfinfra.system.clock import SystemClock

RANK_SH = Path(ranks.__file__).with_name("rank.sh")
PLAN = plan_of(spec("mpi"))
# As rank.sh: its pid, its work, its status, its end. It takes its time between the last two, as on a busy machine.
LEAVES_SLOWLY = "echo $$ >rank-0.pid; sleep 600 & echo 0 >rank-0.exit; sleep 1; exit 0"


def test_a_rank_that_has_recorded_its_end_is_not_killed_on_its_way_out(tmp_path: Path) -> None:
    process = Process(Command(["sh", "-c", LEAVES_SLOWLY], tmp_path, os.environ, tmp_path / "log"))
    rank, give_up = Rank(PLAN.tasks[0], tmp_path, SystemClock()), time.monotonic() + 20
    while process.poll() is None and time.monotonic() < give_up:
        rank.poll(stopping=False, launched=True)
        time.sleep(0.01)
    assert process.poll() == 0
    assert rank.status.state == "succeeded"
    rank.poll(stopping=False, launched=True)
    assert session_members(process.pid) == []


def test_a_rank_whose_whole_group_was_killed_waits_for_what_its_launcher_has_to_say(tmp_path: Path) -> None:
    rank = Rank(PLAN.tasks[0], tmp_path, clock := SystemClock())
    process = Process(Command(["sh", "-c", "echo $$ >rank-0.pid; sleep 600"], tmp_path, os.environ, tmp_path / "log"))
    give_up = clock.monotonic() + 20
    while not rank.poll(stopping=False, launched=True) and clock.monotonic() < give_up:
        time.sleep(0.01)
    process.signal(signal.SIGKILL)
    process.poll()
    began = clock.monotonic()
    while rank.status.state == "running" and clock.monotonic() < give_up:
        rank.poll(stopping=False, launched=clock.monotonic() < began + 0.4)
        process.poll()
        time.sleep(0.01)
    assert clock.monotonic() >= began + 0.4
    assert (rank.status.state, rank.status.exit_status, rank.status.cut_off) == ("stopped", 137, True)


def a_rank(folder: Path, script: str, **more: str) -> Process:
    """rank.sh with a shell's script, all in `folder`."""
    variables = {f"TFINFRA_NODE_{name}": str(folder) for name in ("LOGS", "RANKS", "WORK")}
    variables |= {"OMPI_COMM_WORLD_RANK": "0", "TFINFRA_NODE_PYTHON": "/bin/sh", "PATH": os.environ["PATH"], **more}
    (folder / "rank-0").mkdir()
    return Process(Command(["sh", str(RANK_SH), "-c", script], folder, variables, folder / "log"))


ENDS = {
    "the script was killed, and its launcher's TERM came before that was recorded": ((9, 15), "137"),
    "the launcher's TERM ended the script": ((15,), None),
}


@pytest.mark.parametrize(("signals", "recorded"), ENDS.values(), ids=ENDS.keys())
def test_what_ended_a_script_is_recorded_before_what_ends_its_rank(
    signals: tuple[int, ...], recorded: str | None, tmp_path: Path
) -> None:
    """A peer that aborts for a killed rank makes mpirun end all of them, the killed one's rank.sh too."""
    process, script = a_rank(tmp_path, "echo $$ >pid; exec sleep 60"), tmp_path / "rank-0/pid"
    give_up = time.monotonic() + 20
    while not (script.exists() and script.read_text()) and time.monotonic() < give_up:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGSTOP)
    for number in signals:
        os.kill(int(script.read_text()), number)
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGCONT)
    while process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.01)
    found = tmp_path / "rank-0.exit"
    assert process.poll() is not None
    assert (found.read_text().strip() if found.exists() else None) == recorded


# As mv, beside the launcher's TERM to the whole group, which comes while the script's status is recorded.
MV = """#!/bin/sh
case $1 in *.exit.new) kill -TERM 0 ;; esac
exec /bin/mv "$@"
"""
RECORDED = {"a variable of the task's has a name of rank.sh's": {"asked": "yes"}, "TERM comes as it is recorded": {}}


@pytest.mark.parametrize("more", RECORDED.values(), ids=RECORDED.keys())
def test_a_script_that_ended_by_itself_is_recorded_where(more: dict[str, str], tmp_path: Path) -> None:
    if not more:
        (tmp_path / "mv").write_text(MV)
        (tmp_path / "mv").chmod(0o755)
    process = a_rank(tmp_path, "exit 3", PATH=f"{tmp_path}:{os.environ['PATH']}", **more)
    give_up = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.01)
    found = tmp_path / "rank-0.exit"
    assert (process.poll(), found.exists() and found.read_text()) == (3, "3\n")
