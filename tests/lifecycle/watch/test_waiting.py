"""What a run waits for while it seems to stand still, in words with a time."""

from __future__ import annotations

import json
from typing import Any

from tests.backends.specs import plan_of, spec
from tests.lifecycle.fakes import FakeObserver
from tfinfra.errors import Result
from tfinfra.lifecycle.watch.waiting import waiting_for_nodes, waiting_for_outputs, waiting_for_tasks
from tfinfra.lifecycle.watch.watcher import Watch
from tfinfra.model import CollectingMark, Outcome, Plan, TaskStatus, Timeouts, to_json
from tfinfra.store import MemoryStore, keys

TIMEOUTS = Timeouts(register=1200.0, start=30.0, heartbeat=1000.0, collect=900.0)
EVALUATED = plan_of(spec("ps", node_count=2, worker_count=2, dialect="estimator", evaluator_count=1))
MPI = plan_of(spec("mpi", node_count=2))


def statuses(**states: str) -> dict[str, TaskStatus]:
    """Each task's state, all that have ended at 100 s."""
    named = {name.replace("_", "-"): state for name, state in states.items()}
    return {n: TaskStatus(n, 0, s, ended=None if s == "running" else 100.0) for n, s in named.items()}


def test_an_evaluator_is_waited_for_as_long_as_it_may_take() -> None:
    waits = waiting_for_tasks(
        EVALUATED, statuses(chief_0="succeeded", worker_0="succeeded", ps_0="running", evaluator_0="running")
    )
    assert str(waits) == "waiting for evaluator-0 (chief-0 has ended), 15 min at most, until 00:16:40 UTC"


def test_ranks_that_go_on_after_others_are_named_and_have_no_bound_but_the_deadline() -> None:
    waits = waiting_for_tasks(MPI, statuses(rank_0="running", rank_1="succeeded"))
    assert str(waits) == "waiting for rank-0 (rank-1 ended with 0)"


def test_a_run_that_trains_waits_for_nothing() -> None:
    assert waiting_for_tasks(MPI, statuses(rank_0="running", rank_1="running")) is None
    assert waiting_for_tasks(MPI, statuses(rank_0="succeeded", rank_1="succeeded")) is None
    assert waiting_for_tasks(MPI, statuses(rank_0="running", rank_1="failed")) is None


def test_nodes_and_outputs_have_their_bounds() -> None:
    assert str(waiting_for_nodes(MPI, 1, TIMEOUTS, 100.0)) == (
        "waiting for 1 node of 2 to register, 20 min at most, until 00:21:40 UTC"
    )
    assert waiting_for_nodes(MPI, 2, TIMEOUTS, 100.0) is None
    outcome = Outcome(Result.SUCCEEDED, "all", ended=100.0)
    assert str(waiting_for_outputs(outcome, CollectingMark(3, 12_000_000, {}), TIMEOUTS)) == (
        "waiting for the outputs (3 files, 12 MB) to be in the store, 15 min at most, until 00:16:40 UTC"
    )


class Scene:
    """A watch of `plan`, whose clock is the test's."""

    def __init__(self, plan: Plan) -> None:
        self.store, self.observer, self.now = MemoryStore(), FakeObserver(), 100.0
        self.watch = Watch(
            self.store,
            plan,
            timeouts=TIMEOUTS,
            observer=self.observer,
            clock=lambda: self.now,
            instances=lambda: plan.node_count,
        )

    def put(self, key: str, value: Any) -> None:
        self.store.put(key, json.dumps(to_json(value)).encode())

    def after(self, seconds: int) -> list[str]:
        """What is told of the waiting within so many polls, a second each."""
        before = len(self.observer.lines)
        for _ in range(seconds):
            self.now += 1.0
            self.watch.poll()
        return [line for line in self.observer.lines[before:] if "waiting for" in line]


def test_an_evaluator_is_told_once_and_at_once_with_what_it_is_at() -> None:
    scene = Scene(EVALUATED)
    scene.store.put(keys.log_key("evaluator-0", 0), b"INFO:tensorflow:Waiting 598 secs before starting next\n\n")
    for status in statuses(chief_0="succeeded", worker_0="succeeded", ps_0="running", evaluator_0="running").values():
        scene.put(keys.task_key(status.task), status)
    (told,) = scene.after(20)
    assert "waiting for evaluator-0 (chief-0 has ended), 15 min at most" in told
    assert told.endswith("; its last line: INFO:tensorflow:Waiting 598 secs before starting next")
    assert scene.after(100) == []
    scene.store.put(keys.log_key("evaluator-0", 1), b"INFO:tensorflow:Finished evaluation\n")
    (again,) = scene.after(100)
    assert again.endswith("Finished evaluation")


def test_nodes_that_come_soon_are_not_told_of_and_those_that_do_not_are() -> None:
    scene = Scene(MPI)
    scene.watch.boot_began()
    assert scene.after(5) == []
    (told,) = scene.after(20)
    assert "waiting for 2 nodes of 2 to register, 20 min at most" in told


def test_outputs_that_take_long_are_told_of_with_their_size() -> None:
    scene = Scene(MPI)
    scene.put(keys.OUTCOME, Outcome(Result.SUCCEEDED, "all", ended=100.0))
    scene.put(keys.COLLECTING, CollectingMark(3, 12_000_000, {}))
    assert scene.watch.poll() is not None
    for _ in range(30):
        scene.now += 1.0
        assert not scene.watch.collected()
    told = [line for line in scene.observer.lines if "waiting for" in line]
    assert told == [
        "progress train waiting for the outputs (3 files, 12 MB) to be in the store, 15 min at most, until 00:16:40 UTC"
    ]


def test_a_task_runs_only_after_all_nodes_have_registered_also_in_what_is_told() -> None:
    scene = Scene(MPI)
    for node in ("a", "b"):
        scene.store.put(keys.node_key(node), b"{}")
    scene.put(keys.task_key("rank-0"), TaskStatus("rank-0", 0, "running"))
    scene.after(1)
    told = [line for line in scene.observer.lines if "registered" in line or line.startswith("task")]
    assert told == ["progress train 2 of 2 nodes registered", "task rank-0 running"]
