"""Where tasks go: the estimator's example by hand, and rules that hold for every plan."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.specs import spec
from tfinfra.backends.registry import BACKENDS, backend
from tfinfra.model import Spec, Task


def placed(of: Spec, gpus: int = 0) -> dict[str, tuple[int, int]]:
    return {t.name: (t.node, t.slot) for t in backend(of.backend).tasks(of, gpus)}


TABLE = {
    "single: one task": (spec("single"), {"main-0": (0, 0)}),
    "mpi: ranks fill a node before the next": (
        spec("mpi", node_count=2, process_count_per_node=2),
        {"rank-0": (0, 0), "rank-1": (0, 1), "rank-2": (1, 0), "rank-3": (1, 1)},
    ),
    "ps: the estimator's example, three tasks on two nodes": (
        spec("ps", node_count=2, worker_count=2),
        {"worker-0": (0, 0), "worker-1": (1, 0), "ps-0": (1, 1)},
    ),
    "ps, estimator: the first worker is chief": (
        spec("ps", node_count=2, worker_count=2, dialect="estimator"),
        {"chief-0": (0, 0), "worker-0": (1, 0), "ps-0": (1, 1)},
    ),
    "ps, estimator: the evaluator goes to the least loaded node": (
        spec("ps", node_count=2, worker_count=2, dialect="estimator", evaluator_count=1),
        {"chief-0": (0, 0), "worker-0": (1, 0), "ps-0": (1, 1), "evaluator-0": (0, 1)},
    ),
    "ps, estimator: the evaluator goes to the last node on a tie": (
        spec("ps", node_count=2, worker_count=1, dialect="estimator", evaluator_count=1),
        {"chief-0": (0, 0), "ps-0": (1, 0), "evaluator-0": (1, 1)},
    ),
    "ps, coordinator: a chief beside the workers, before them on its node": (
        spec("ps", node_count=2, worker_count=2, dialect="coordinator"),
        {"chief-0": (0, 0), "worker-0": (0, 1), "worker-1": (1, 0), "ps-0": (1, 1)},
    ),
    "ps: several parameter servers go backwards over the nodes": (
        spec("ps", node_count=2, worker_count=1, parameter_server_count=3),
        {"worker-0": (0, 0), "ps-0": (1, 0), "ps-1": (0, 1), "ps-2": (1, 1)},
    ),
}


@pytest.mark.parametrize(("of", "expected"), TABLE.values(), ids=TABLE.keys())
def test_placement(of: Spec, expected: dict[str, tuple[int, int]]) -> None:
    assert placed(of) == expected
    assert list(placed(of)) == list(expected)


GPUS = {
    "a node's only worker sees all": (spec("ps", worker_count=2, node_count=2), 4, {"worker-0": None, "ps-0": ()}),
    "two workers on a node get equal shares": (
        spec("ps", worker_count=2),
        4,
        {"worker-0": (0, 1), "worker-1": (2, 3), "ps-0": ()},
    ),
    "coordinator's chief sees none and takes none": (
        spec("ps", worker_count=1, dialect="coordinator"),
        4,
        {"chief-0": (), "worker-0": None},
    ),
    "the estimator's chief trains": (
        spec("ps", worker_count=2, dialect="estimator"),
        2,
        {"chief-0": (0,), "worker-0": (1,)},
    ),
    "an evaluator beside a worker sees none": (
        spec("ps", dialect="estimator", evaluator_count=1),
        2,
        {"chief-0": None, "evaluator-0": ()},
    ),
    "every rank sees all": (spec("mpi", process_count_per_node=2), 2, {"rank-0": None, "rank-1": None}),
}


@pytest.mark.parametrize(("of", "gpus", "expected"), GPUS.values(), ids=GPUS.keys())
def test_gpus(of: Spec, gpus: int, expected: dict[str, tuple[int, ...] | None]) -> None:
    seen = {t.name: t.gpus for t in backend(of.backend).tasks(of, gpus)}
    assert {name: seen[name] for name in expected} == expected


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    nodes = draw(st.integers(1, 12))
    return spec(
        draw(st.sampled_from(sorted(BACKENDS))),
        node_count=nodes,
        process_count_per_node=draw(st.integers(1, 8)),
        worker_count=draw(st.integers(1, 24)),
        parameter_server_count=draw(st.integers(1, 12)),
        evaluator_count=draw(st.integers(0, 1)),
        dialect=draw(st.sampled_from(["estimator", "coordinator"])),
    )


@given(specs(), st.integers(0, 16))
def test_every_node_numbers_its_tasks_from_0_without_gaps(of: Spec, gpus: int) -> None:
    tasks = backend(of.backend).tasks(of, gpus)
    for node in {t.node for t in tasks}:
        slots = sorted(t.slot for t in tasks if t.node == node)
        assert slots == list(range(len(slots)))


@given(specs(), st.integers(0, 16))
def test_names_are_unique_and_nodes_exist(of: Spec, gpus: int) -> None:
    tasks = backend(of.backend).tasks(of, gpus)
    assert len({t.name for t in tasks}) == len(tasks)
    assert all(0 <= t.node < of.node_count for t in tasks)
    assert tasks[0].node == 0


@given(specs(), st.integers(0, 16))
def test_shares_of_gpus_are_disjoint_and_equal(of: Spec, gpus: int) -> None:
    tasks = backend(of.backend).tasks(of, gpus)
    for node in {t.node for t in tasks}:
        shares = [t.gpus for t in tasks if t.node == node and t.gpus]
        used = Counter(gpu for share in shares for gpu in share)
        assert all(count == 1 and gpu < gpus for gpu, count in used.items())
        assert len({len(share) for share in shares}) <= 1


@given(specs())
def test_indices_of_a_type_count_from_0(of: Spec) -> None:
    tasks: tuple[Task, ...] = backend(of.backend).tasks(of, 0)
    for kind in {t.type for t in tasks}:
        assert sorted(t.index for t in tasks if t.type == kind) == list(range(sum(t.type == kind for t in tasks)))
