"""What a node's agent makes of the files that rank.sh leaves, without Open MPI."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.backends.specs import plan_of, spec
from tfinfra.agent.clock import SystemClock
from tfinfra.agent.mpi_ranks import Rank
from tfinfra.agent.processes import Command, Process, session_members

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
    assert (rank.status.state, rank.status.exit_status, rank.status.cut_off) == ("failed", 137, True)
    assert rank.status.message == "rank-0 on node 0 was ended from outside, with all its processes"
