"""How the end of a run is written down: with the cause, the way out, and what the tasks were at."""

from __future__ import annotations

from tests.backends.specs import plan_of, spec
from tfinfra.agent.verdict.control import Stop
from tfinfra.agent.verdict.judge import Decision
from tfinfra.agent.verdict.outcomes import from_decision, from_stop
from tfinfra.errors import Result
from tfinfra.model import TaskStatus
from tfinfra.store import MemoryStore, keys

MPI = plan_of(spec("mpi", node_count=2))
LIMIT = Stop(Result.LIMIT, "the time is over")
STALL = """\
[2026-11-30 12:00:00.1: W /tmp/horovod/common/stall_inspector.cc:107] One or more tensors were submitted to be reduced
Missing ranks:
1: [HorovodAllreduce, HorovodBroadcast]
"""


def a_store(**logs: str) -> MemoryStore:
    """With the log of each task ("rank_0"), its lines one chunk each."""
    store = MemoryStore()
    for task, log in logs.items():
        for number, line in enumerate(log.splitlines(keepends=True)):
            store.put(keys.log_key(task.replace("_", "-"), number), line.encode())
    return store


def test_a_limit_names_the_rank_that_horovod_waited_for_and_its_last_line() -> None:
    outcome = from_stop(a_store(rank_0=f"epoch 1\n{STALL}", rank_1="reads data\n\n"), LIMIT, MPI, 5.0)
    assert (
        outcome.message == "the time is over; Horovod's last warning in rank-0's log: the other ranks wait for rank-1"
    )
    told = "rank-1 on node 1 has not come to HorovodAllreduce, HorovodBroadcast; its last line: reads data"
    assert (outcome.tail, outcome.task) == ((told,), None)
    assert outcome.in_full() == f"{outcome.message}\n    {told}"


def test_a_warning_that_others_lines_follow_says_so() -> None:
    outcome = from_stop(a_store(rank_0=f"{STALL}epoch 2\n\nepoch 3\n"), LIMIT, MPI, 5.0)
    assert "(2 lines above the end of its log)" in outcome.message
    assert "its last line: (it has written nothing)" in outcome.tail[0]


def test_a_warning_of_long_ago_tells_nothing() -> None:
    later = "".join(f"epoch {n}\n" for n in range(300))
    outcome = from_stop(a_store(rank_0=STALL + later), LIMIT, MPI, 5.0)
    assert outcome.message == "the time is over"
    assert outcome.tail == ("rank-0: epoch 299", "rank-1: (it has written nothing)")


def test_who_cancels_a_run_that_hangs_hears_of_the_missing_rank_and_else_of_nothing() -> None:
    cancelled = Stop(Result.CANCELLED, "Ctrl-C")
    assert "wait for rank-1" in from_stop(a_store(rank_0=STALL), cancelled, MPI, 5.0).message
    assert from_stop(a_store(rank_0="epoch 1\n"), cancelled, MPI, 5.0).tail == ()


def test_a_log_of_a_hundred_megabytes_is_read_from_its_end() -> None:
    class Counting(MemoryStore):
        read = 0

        def get(self, key: str) -> bytes | None:
            self.read += 1
            return super().get(key)

    store = Counting()
    for number in range(100):
        store.put(keys.log_key("rank-0", number), b"x\n" * (1 << 19))
    store.put(keys.log_key("rank-0", 100), b"ValueError: bad row\n")
    failed = {"rank-0": TaskStatus("rank-0", 0, "failed", exit_status=1)}
    outcome = from_decision(store, Decision(Result.FAILED, "it failed", "rank-0"), failed, 5.0)
    assert outcome.tail[-1] == "ValueError: bad row"
    assert store.read < 10


def test_a_rank_that_left_with_0_is_the_cause_of_horovods_shut_down() -> None:
    statuses = {
        "rank-0": TaskStatus("rank-0", 0, "failed", exit_status=1, ended=9.0),
        "rank-1": TaskStatus("rank-1", 1, "succeeded", exit_status=0, ended=8.5),
    }
    store = a_store(rank_0="HorovodInternalError: Horovod has been shut down. This was caused by\n")
    outcome = from_decision(store, Decision(Result.FAILED, "rank-0 failed", "rank-0"), statuses, 10.0)
    assert outcome.message.startswith("rank-1 on node 1 ended with exit status 0 while rank-0 still had work for it")
    assert outcome.hint is not None and "as many steps" in outcome.hint
