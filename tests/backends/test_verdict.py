"""How a run stands, from statuses alone."""

from __future__ import annotations

import pytest

from tests.backends.specs import plan_of, spec
from tfinfra.backends.base import Verdict
from tfinfra.backends.registry import backend
from tfinfra.model import Plan, TaskStatus

SINGLE = plan_of(spec("single"))
MPI = plan_of(spec("mpi", node_count=2))
PS = plan_of(spec("ps", node_count=2, worker_count=2))
WORKERS = plan_of(spec("multi_worker", node_count=2))
ESTIMATOR = plan_of(spec("ps", node_count=2, worker_count=2, dialect="estimator", evaluator_count=1))
COORDINATOR = plan_of(spec("ps", node_count=2, worker_count=2, dialect="coordinator"))


def verdict(plan: Plan, **ends: int | str) -> Verdict:
    """`ends`: task name with _ for -, and its exit status, "running", "lost", "stopped" or "cut off"; later ones end
    later."""
    statuses = {}
    for moment, (key, end) in enumerate(ends.items()):
        name = key.replace("_", "-")
        cut = end == "cut off"
        state = "succeeded" if end == 0 else "failed" if cut or not isinstance(end, str) else end
        code = end if isinstance(end, int) else 137 if cut else None
        statuses[name] = TaskStatus(name, 0, state, exit_status=code, ended=float(moment), cut_off=cut)
    return backend(plan.backend).verdict(plan, statuses)


TABLE = {
    "nothing known: goes on": (verdict(SINGLE), None, None),
    "single: 0 succeeds": (verdict(SINGLE, main_0=0), "succeeded", None),
    "single: 7 fails": (verdict(SINGLE, main_0=7), "failed", "main-0"),
    "mpi: one rank's 0 is not the end": (verdict(MPI, rank_0=0, rank_1="running"), None, None),
    "mpi: every rank's 0 is": (verdict(MPI, rank_0=0, rank_1=0), "succeeded", None),
    "mpi: the rank that failed before the one that was killed": (
        verdict(MPI, rank_0="cut off", rank_1=7),
        "failed",
        "rank-1",
    ),
    "mpi: the rank that was killed before the one that ended for it": (
        verdict(MPI, rank_0=14, rank_1=137),
        "failed",
        "rank-1",
    ),
    "mpi: of two that were killed at once, the first": (
        verdict(MPI, rank_1="cut off", rank_0="cut off"),
        "failed",
        "rank-1",
    ),
    "ps: the worker that was killed before the one that ended for it": (
        verdict(PS, worker_0=1, worker_1=137),
        "failed",
        "worker-1",
    ),
    "mpi: a rank that is killed alone is named": (verdict(MPI, rank_0="running", rank_1=137), "failed", "rank-1"),
    "multi_worker: one worker's 0 is not the end": (verdict(WORKERS, worker_0=0, worker_1="running"), None, None),
    "multi_worker: every worker's 0 is": (verdict(WORKERS, worker_0=0, worker_1=0), "succeeded", None),
    "multi_worker: the worker that was killed before the one that ended for it": (
        verdict(WORKERS, worker_0=1, worker_1=137),
        "failed",
        "worker-1",
    ),
    "ps: the leader's 0 waits for the other workers": (verdict(PS, worker_0=0, worker_1="running"), None, None),
    "ps: and ends with them, the parameter server still serving": (
        verdict(PS, worker_0=0, worker_1=0, ps_0="running"),
        "succeeded",
        None,
    ),
    "ps: another worker's 7 after the leader's 0 is no failure": (
        verdict(PS, worker_0=0, worker_1=7, ps_0="running"),
        "succeeded",
        None,
    ),
    "ps: another worker's 7 before it is": (verdict(PS, worker_0="running", worker_1=7), "failed", "worker-1"),
    "ps: another worker's 0 before it is not": (verdict(PS, worker_0="running", worker_1=0), None, None),
    "ps: a parameter server ending at all is": (verdict(PS, worker_0="running", ps_0=0), "failed", "ps-0"),
    "ps: of two failures, the first": (verdict(PS, worker_1=1, worker_0=1), "failed", "worker-1"),
    "ps: a lost node's task fails the run": (verdict(PS, worker_1="lost"), "failed", "worker-1"),
    "estimator: the evaluator is waited for": (
        verdict(ESTIMATOR, chief_0=0, worker_0=0, evaluator_0="running"),
        None,
        None,
    ),
    "estimator: and must end with 0": (
        verdict(ESTIMATOR, chief_0=0, worker_0=0, evaluator_0=1),
        "failed",
        "evaluator-0",
    ),
    "coordinator: nobody waits for workers that only serve": (
        verdict(COORDINATOR, chief_0=0, worker_0="running", ps_0="running"),
        "succeeded",
        None,
    ),
}


@pytest.mark.parametrize(("got", "result", "task"), TABLE.values(), ids=TABLE.keys())
def test_verdict(got: Verdict, result: str | None, task: str | None) -> None:
    assert (got.result, got.task) == (result, task)


def test_after_the_leaders_0_the_verdict_names_whom_the_run_waits_for() -> None:
    got = verdict(ESTIMATOR, chief_0=0, worker_0="running", evaluator_0="running")
    assert got.leader_done
    assert got.waiting == ("worker-0", "evaluator-0")


def test_graces_and_restarts() -> None:
    ps = backend("ps")
    tasks = {t.name: t for t in ESTIMATOR.tasks}
    assert (ps.grace(tasks["worker-0"]), ps.grace(tasks["evaluator-0"])) == (30, 900)
    assert ps.restarts(ESTIMATOR, tasks["worker-0"]) == 0
    worker = next(t for t in COORDINATOR.tasks if t.name == "worker-1")
    assert ps.restarts(COORDINATOR, worker) == 3


def test_a_signal_is_named() -> None:
    assert verdict(SINGLE, main_0=137).message == "main-0 on node 0 was ended by SIGKILL (exit status 137)"
