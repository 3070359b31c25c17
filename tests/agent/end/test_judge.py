"""When a run has ended, as node 0 decides it over time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.backends.specs import inventory, plan_of, spec
from tfinfra.agent.verdict.judge import Judge, View
from tfinfra.model import Plan, TaskStatus, Timeouts

PS = plan_of(spec("ps", node_count=2, worker_count=2, dialect="estimator", evaluator_count=1))
MPI = plan_of(spec("mpi", node_count=2))
TIMEOUTS = Timeouts(register=60, start=60, heartbeat=10, collect=60)


def judge(plan: Plan) -> Judge:
    return Judge(plan, inventory(plan.node_count), TIMEOUTS, started=0.0)


def view(plan: Plan, now: float, **ends: int | str | None) -> View:
    """Every node was just heard of; `ends`: exit statuses by task, None for running, "pending" for not started."""
    statuses = {}
    for task in plan.tasks:
        end = ends.get(task.name.replace("-", "_"))
        state = end if isinstance(end, str) else "running" if end is None else "failed" if end else "succeeded"
        code = end if isinstance(end, int) else None
        statuses[task.name] = TaskStatus(task.name, task.node, state, exit_status=code, ended=now)
    return View(now, statuses, dict.fromkeys(range(plan.node_count), now))


def cut_off(seen: View, task: str) -> View:
    """The view with a task that its launcher ended."""
    return replace(seen, statuses={**seen.statuses, task: replace(seen.statuses[task], cut_off=True)})


def test_workers_get_30_s_and_the_evaluator_15_minutes_after_the_leader() -> None:
    its = judge(PS)
    assert its.decide(view(PS, 100, chief_0=0)) is None
    assert its.decide(view(PS, 140, chief_0=0, worker_0=0)) is None
    decision = its.decide(view(PS, 1001, chief_0=0, worker_0=0))
    assert decision is not None
    assert decision.result == "succeeded"
    assert decision.warnings == ("evaluator-0 had not ended 900 s after the leader and was ended",)


def test_a_failure_waits_until_every_node_was_heard_of_since() -> None:
    its = judge(MPI)
    killed = cut_off(view(MPI, 100, rank_0=137), "rank-0")
    assert its.decide(killed) is None
    silent = replace(killed, now=101.0, seen={0: 101.0, 1: 99.0})
    assert its.decide(silent) is None
    decision = its.decide(cut_off(view(MPI, 102, rank_0=137, rank_1=7), "rank-0"))
    assert decision is not None
    assert decision.task == "rank-1"


def test_the_rank_that_was_killed_is_named_though_its_peers_abort_is_told_first() -> None:
    """MPI ends a rank whose peer is gone with 14; that peer's node was heard of, and had not seen its end yet."""
    its = judge(MPI)
    for now in (100.0, 100.3, 100.9):
        assert its.decide(view(MPI, now, rank_0=14)) is None
    decision = its.decide(view(MPI, 101.2, rank_0=14, rank_1=137))
    assert decision is not None and decision.task == "rank-1"


def test_the_worker_that_was_killed_is_named_though_its_peers_end_is_told_first() -> None:
    its = judge(PS)
    for now in (100.0, 100.3):
        assert its.decide(view(PS, now, chief_0=1)) is None
    decision = its.decide(view(PS, 100.7, chief_0=1, worker_0=137))
    assert decision is not None and decision.task == "worker-0"


@pytest.mark.parametrize("end", ["stopped", 3])
def test_a_leader_that_ends_well_after_a_worker_did_not_makes_no_success(end: int | str) -> None:
    """An agent that is sent SIGTERM stops its tasks; nobody else does while the run goes on."""
    its = judge(PS)
    assert its.decide(view(PS, 100.0, worker_0=end)) is None
    decision = its.decide(view(PS, 100.7, chief_0=0, worker_0=end, evaluator_0=0))
    assert decision is not None
    assert (decision.result, decision.task) == ("failed", "worker-0")
    node = next(task.node for task in PS.tasks if task.name == "worker-0")
    assert end != "stopped" or decision.message == f"worker-0 on node {node} was stopped with its agent"


@pytest.mark.parametrize(("last", "result"), [(96.0, "failed"), (99.0, "succeeded")])
def test_a_worker_whose_node_was_gone_before_the_leaders_end_makes_no_success(last: float, result: str) -> None:
    """It is told after that end, when its silence has lasted; 10 s here."""
    its = judge(PS)
    node = next(task.node for task in PS.tasks if task.name == "worker-0")
    seen = view(PS, 100.0, chief_0=0, evaluator_0=0)
    beats = {n: last if n == node else 100.0 for n in seen.seen}
    assert its.decide(replace(seen, seen=beats)) is None
    late = replace(seen, now=last + 10.1, seen={**beats, **{n: last + 10.1 for n in beats if n != node}}, lost=(node,))
    later = replace(late, now=late.now + 0.05, seen={n: beat + 0.05 * (n != node) for n, beat in late.seen.items()})
    decision = its.decide(late) or its.decide(later)
    assert decision is not None and decision.result == result


def test_a_worker_that_fails_by_its_leaders_good_end_makes_no_failure() -> None:
    its = judge(PS)
    assert its.decide(view(PS, 100.0, worker_0=1)) is None
    decision = its.decide(view(PS, 100.1, chief_0=0, worker_0=1, evaluator_0=0))
    assert decision is not None and decision.result == "succeeded"


def test_a_lost_node_is_named_before_the_ranks_that_mpirun_killed_for_it() -> None:
    its = judge(MPI)
    killed = replace(cut_off(view(MPI, 100, rank_0=137), "rank-0"), seen={0: 100.0, 1: 95.0})
    assert its.decide(killed) is None
    decision = its.decide(replace(killed, now=106.0, seen={0: 106.0, 1: 95.0}, lost=(1,)))
    assert decision is not None
    assert decision.message == "node 1 (node-1, 10.0.0.5) was lost: no heartbeat for 10 s"


def test_a_lost_node_is_told_by_what_was_announced_for_it() -> None:
    seen = {0: 106.0, 1: 95.0}
    gone = replace(view(MPI, 106), seen=seen, lost=(1,), notices={0: "", 1: "evicted (spot)"})
    its = judge(MPI)
    its.decide(gone)
    decision = its.decide(replace(gone, now=107.0, seen={0: 107.0, 1: 95.0}))
    assert decision is not None
    assert decision.message == "node 1 (node-1, 10.0.0.5) was evicted (spot): no heartbeat for 10 s"


def test_a_task_that_fails_on_a_node_about_to_be_evicted_says_so() -> None:
    its = judge(MPI)
    its.decide(replace(view(MPI, 100, rank_1=1), notices={1: "evicted (spot)"}))
    decision = its.decide(replace(view(MPI, 104, rank_1=1), notices={1: "evicted (spot)"}))
    assert decision is not None
    assert decision.message.endswith("; its node was about to be evicted (spot)")


@pytest.mark.parametrize("lost", [(), (1,)])
def test_an_agent_that_ends_before_its_machine_is_evicted_is_told_as_evicted(lost: tuple[int, ...]) -> None:
    """Its node has told all that it had to: nobody waits for its silence, 10 s here, though its last beat is older."""
    its = judge(MPI)
    told = replace(view(MPI, 100, rank_1="stopped"), notices={0: "", 1: "evicted (spot)"}, lost=lost)
    assert its.decide(told) is None
    decision = its.decide(replace(told, now=104.0, seen={0: 104.0, 1: 99.0}))
    assert decision is not None and decision.task == "rank-1"
    assert decision.message == "node 1 (node-1, 10.0.0.5) was evicted (spot): rank-1 was stopped with its agent"


def test_a_rank_that_never_starts_has_a_deadline() -> None:
    its = judge(MPI)
    assert its.decide(view(MPI, 59, rank_1="pending")) is None
    decision = its.decide(view(MPI, 61, rank_1="pending"))
    assert decision is not None
    assert decision.message == "rank-1 on node 1 had not started 60 s after the launch"
    assert decision.task == "mpirun-0"


def test_an_mpirun_that_ends_before_its_ranks_start_is_told() -> None:
    its = judge(MPI)
    ended = replace(view(MPI, 10, rank_0="pending", rank_1="pending"), launcher_exit=213)
    assert its.decide(ended) is None
    later = replace(view(MPI, 14, rank_0="pending", rank_1="pending"), launcher_exit=213)
    decision = its.decide(later)
    assert decision is not None
    assert decision.message == "mpirun ended with exit status 213 while rank-0 on node 0 was not started"


def test_a_rank_that_was_ended_from_outside_is_the_failure_where_nothing_else_is() -> None:
    its = judge(MPI)
    stopped = cut_off(view(MPI, 100, rank_0="stopped"), "rank-0")
    assert its.decide(stopped) is None
    decision = its.decide(replace(stopped, now=104.0, seen={0: 104.0, 1: 104.0}))
    assert decision is not None and (decision.result, decision.task) == ("failed", "rank-0")
    assert decision.message == "rank-0 on node 0 was ended from outside, with all its processes"


def test_a_lost_node_that_had_nothing_left_to_do_is_no_failure() -> None:
    its = judge(MPI)
    decision = its.decide(replace(view(MPI, 10, rank_0=0, rank_1=0), lost=(1,)))
    assert decision is not None
    assert decision.result == "succeeded"
