"""A run's points, out of its store while it goes on and out of the files at home afterwards; what is shown of them."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from tests.lifecycle.attach.test_resume import found
from tests.lifecycle.fakes import World, training
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.status import status_document
from tfinfra.lifecycle.end.bring_home import bring_home
from tfinfra.lifecycle.metrics.remarks import Remarks
from tfinfra.lifecycle.metrics.run_points import run_logged, run_points
from tfinfra.lifecycle.metrics.series import all_series, summaries, values_by_name
from tfinfra.lifecycle.metrics.sieve import Sieve, Wanted
from tfinfra.lifecycle.watch.home_points import is_of_node
from tfinfra.lifecycle.watch.latest_metric import MetricReader, latest_at_home, latest_in_store
from tfinfra.model import Point, Remark, RemarkKind
from tfinfra.store import MemoryStore, chunk_of, keys

TASKS = ("rank-0", "rank-1")
OURS = [Point("rank-0", "loss", value, step, 100.0 + step) for step, value in enumerate((0.9, nan, 0.5))]
THEIRS = [Point("rank-1", "loss", inf, 0, 100.5), Point("rank-1", "speed", 7.0, 0, 101.0)]
FIGURES = [Point("node-0", "cpu", 0.5, 0, 100.0)]
FURTHER = Point("rank-0", "loss", 0.1, 0, 103.0, "0a" * 16)
SAID = Remark("rank-0", "tag", "mlflow.runName", "fold-1", 103.0, "0a" * 16)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two ranks and a node that logged; a line that is no point, and a further MLflow run."""
    world = World(tmp_path)
    training(world.store)
    world.store.put(keys.metrics_key("rank-1", 0), chunk_of(THEIRS))
    world.store.put(keys.metrics_key("node-0", 0), chunk_of(FIGURES))
    world.store.put(keys.metrics_key("rank-0", 0), chunk_of(OURS[:2]) + b"no point\n")
    world.store.put(keys.metrics_key("rank-0", 1), chunk_of([*OURS[2:], SAID, FURTHER]))
    return world


def run_of(world: World, *, at_home: bool) -> FoundRun:
    if not at_home:
        return found(world, plan_tasks=TASKS)
    bring_home(world.store, world.tmp / "elsewhere", TASKS, None)
    return found(world, groups=(), plan_tasks=TASKS, fetched=True)


@pytest.mark.parametrize("at_home", [False, True], ids=["store", "home"])
def test_all_points_come_in_order_the_leaders_first_and_the_nodes_last(at_home: bool, world: World) -> None:
    odd = Counter[str]()
    logged = list(run_logged(run_of(world, at_home=at_home), odd))
    assert repr(logged) == repr([*OURS, SAID, FURTHER, *THEIRS, *FIGURES])  # NaN is not equal to itself
    assert odd == {"rank-0": 1}


@pytest.mark.parametrize("at_home", [False, True], ids=["store", "home"])
def test_status_has_the_leaders_last_value(at_home: bool, world: World) -> None:
    metric = status_document(run_of(world, at_home=at_home))["metric"]
    assert metric == {"name": "loss", "task": "rank-0", "step": 2, "value": 0.5, "time": 102.0}


def test_metrics_that_were_never_fetched_are_gone(world: World) -> None:
    with pytest.raises(UsageError, match="never fetched"):
        list(run_points(found(world, groups=(), plan_tasks=TASKS)))


def test_a_link_among_the_files_is_not_read(world: World) -> None:
    run = run_of(world, at_home=True)
    secret = world.tmp / "secret.jsonl"
    secret.write_bytes(chunk_of([Point("x", "secret", 1.0, 0, 0.0)]))
    (world.tmp / "elsewhere/metrics/rank-7.jsonl").symlink_to(secret)
    assert "secret" not in {point.name for point in run_points(run)}


CHOSEN = {
    "all but the nodes' own": (Wanted(), {"loss rank-0", "loss rank-1", "speed rank-1"}),
    "with the nodes": (Wanted(nodes=True), {"loss rank-0", "loss rank-1", "speed rank-1", "cpu node-0"}),
    "a metric": (Wanted(names=frozenset({"speed"})), {"speed rank-1"}),
    "a task": (Wanted(tasks=frozenset({"rank-0"})), {"loss rank-0"}),
    "a node that is named": (Wanted(tasks=frozenset({"node-0"})), {"cpu node-0"}),
}


@pytest.mark.parametrize(("wanted", "rows"), CHOSEN.values(), ids=CHOSEN)
def test_the_rows_that_are_wanted(wanted: Wanted, rows: set[str]) -> None:
    points = Sieve("digits-x7k2pq", wanted, is_of_node, "rank-0").points([*OURS, *THEIRS, *FIGURES])
    assert {f"{row.name} {row.task}" for row in summaries(points)} == rows


HELD = {
    "the table, nothing": (lambda points: len(summaries(points)), 0.0),
    "the plot and the document, three numbers": (lambda points: len(all_series(points)), 30.0),
    "get_metrics, its numbers": (lambda points: len(values_by_name(points, "rank-0")), 60.0),
}


@pytest.mark.parametrize(("take", "most"), HELD.values(), ids=HELD)
def test_what_is_held_of_each_point(take: Callable[[Iterator[Point]], int], most: float) -> None:
    count = 20_000
    tracemalloc.start()
    try:
        assert take(Point("rank-0", "loss", 1.0 / (step + 1), step, 100.0 + step) for step in range(count)) == 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most * count + 50_000


def test_values_are_one_or_all_and_the_leaders_where_it_logged_any() -> None:
    once = Point("rank-0", "test", 0.9, 0, 104.0)
    values = values_by_name([*OURS, *THEIRS, once, FURTHER], "rank-0")
    assert repr(values) == repr({"loss": [0.9, nan, 0.5], "speed": 7.0, "test": 0.9})


def remark(task: str, name: str, text: str | None, kind: RemarkKind = "parameter") -> Remark:
    return Remark(task, kind, name, text, 100.0)


TOLD = {
    "the last text of a name": ([remark("rank-0", "lr", "1"), remark("rank-0", "lr", "2")], {"lr": "2"}),
    "the leader's before those of others": ([remark("rank-0", "lr", "1"), remark("rank-1", "lr", "2")], {"lr": "1"}),
    "the leader's, however late": ([remark("rank-1", "lr", "2"), remark("rank-0", "lr", "1")], {"lr": "1"}),
    "another's where the leader said nothing": ([remark("rank-1", "lr", "2")], {"lr": "2"}),
    "nothing of what was taken back": ([remark("rank-0", "lr", "1"), remark("rank-0", "lr", None)], {}),
    "a parameter apart from a tag": ([remark("rank-0", "lr", "1"), remark("rank-0", "lr", "2", "tag")], {"lr": "1"}),
}


@pytest.mark.parametrize(("told", "parameters"), TOLD.values(), ids=TOLD)
def test_of_remarks_there_is(told: list[Remark], parameters: dict[str, str]) -> None:
    remarks = Remarks("rank-0")
    for each in told:
        remarks.add(each)
    assert remarks.of("").parameters == parameters


def test_a_further_run_has_its_name_and_its_parent() -> None:
    remarks = Remarks("rank-0")
    remarks.add(SAID)
    remarks.add(replace(SAID, name="mlflow.parentRunId", text="digits-x7k2pq"))
    own, further = remarks.all()
    assert own.document()["mlflow_run"] is None
    assert (further.document()["name"], further.document()["parent"]) == ("fold-1", "digits-x7k2pq")


def test_a_reader_tells_each_new_value_of_the_primary_metric_once() -> None:
    store = MemoryStore()
    reader = MetricReader(store, "rank-0", "loss")
    assert reader.new() is None
    store.put(keys.metrics_key("rank-0", 0), chunk_of([OURS[0], Point("rank-0", "lr", 1.0, 0, 100.0)]))
    assert reader.new() == OURS[0]
    assert reader.new() is None
    store.put(keys.metrics_key("rank-0", 1), chunk_of([FURTHER]))
    store.put(keys.metrics_key("rank-0", 2), chunk_of([OURS[2]]))
    assert reader.new() == OURS[2]


def test_the_primary_metric_is_found_behind_others(world: World) -> None:
    world.store.put(keys.metrics_key("rank-0", 2), chunk_of([Point("rank-0", "lr", 1.0, 3, 105.0)]))
    bring_home(world.store, world.tmp / "home", TASKS, None)
    assert latest_in_store(world.store, "rank-0", "loss") == OURS[2]
    assert latest_at_home(world.tmp / "home", "rank-0", "loss") == OURS[2]
    assert latest_at_home(world.tmp / "home", "rank-1", "nothing") is None
