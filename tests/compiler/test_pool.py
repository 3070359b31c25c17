"""A tune's plan, and the plan of one of its trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.backends.specs import spec
from tests.compiler.manifests import checked
from tfinfra.compiler.lines.plan_lines import plan_diagnostic
from tfinfra.compiler.make_plan import make_plan, place_tasks
from tfinfra.model import Plan, Pool, from_json, to_json, trial_plan
from tfinfra.model.spec import limit_key
from tfinfra.model.tuning import Expression, Tune
from tfinfra.money.budget import FREE, run_time

TUNE = Tune(
    sampling="grid",
    parameter_space={"--lr": Expression("choice", (0.1, 0.2, 0.3))},
    primary_metric_name="accuracy",
    primary_metric_goal="maximize",
    max_total_runs=3,
    max_concurrent_runs=3,
    max_duration_minutes=90,
)
SHAPES: dict[str, tuple[str, dict[str, Any], int]] = {
    "one node a trial": ("single", {}, 3),
    "two ranks on each of two nodes": ("mpi", {"node_count": 2, "process_count_per_node": 2}, 6),
    "a parameter server's cluster": ("ps", {"node_count": 2, "worker_count": 2}, 6),
}


def planned(backend: str, **changes: Any) -> Plan:
    made = spec(backend, **changes)
    tasks = place_tasks(made, 0)
    assert tasks is not None
    return make_plan(made, tasks, 0)


@pytest.mark.parametrize("words", SHAPES)
def test_a_tune_has_the_nodes_of_all_trials_at_once_and_the_tasks_of_one(words: str) -> None:
    backend, changes, nodes = SHAPES[words]
    plan, alone = planned(backend, tune=TUNE, **changes), planned(backend, **changes)
    assert plan.tasks == alone.tasks
    assert (plan.node_count, {choice.node_count for choice in plan.choices}) == (nodes, {nodes})
    assert plan.pool == Pool(3, alone.node_count, alone.limits.max_run_duration)
    assert plan.limits.max_run_duration == 90 * 60
    assert from_json(Plan, to_json(plan)) == plan


@pytest.mark.parametrize("words", SHAPES)
def test_a_trial_has_the_plan_that_a_run_of_its_own_would_have(words: str) -> None:
    backend, changes, _ = SHAPES[words]
    arguments = ("--epochs", "2", "--lr", "0.1")
    trial = trial_plan(planned(backend, tune=TUNE, **changes), arguments)
    assert trial == planned(backend, arguments=arguments, **changes)


def test_what_ends_a_tune_is_named_as_its_manifest_has_it() -> None:
    seconds, limit = run_time(planned("single", tune=TUNE).limits, FREE)
    assert (seconds, limit_key(limit)) == (90 * 60, "tune.max_duration_minutes")
    seconds, limit = run_time(trial_plan(planned("single", tune=TUNE), ()).limits, FREE)
    assert (seconds, limit_key(limit)) == (3600, "limits.max_run_duration")


def test_a_space_with_fewer_sets_bounds_trials_and_nodes(tmp_path: Path) -> None:
    text = (
        "tune: {sampling: grid, parameter_space: {--lr: {choice: [1, 2, 2, 3]}}, primary_metric_name: loss,"
        " primary_metric_goal: minimize, max_total_runs: 10}\nscript_params: {--lr: 7, --epochs: 2}\n"
    )
    plan = checked(tmp_path, text).plan
    assert plan.tune is not None
    assert (plan.tune.max_total_runs, plan.tune.max_concurrent_runs, plan.node_count) == (3, 3, 3)
    assert plan.arguments == ("--epochs", "2"), "the search gives --lr"
    assert plan.metrics is not None
    assert plan.metrics.primary == "loss"


def test_only_a_tune_has_trials() -> None:
    with pytest.raises(ValueError, match="only a tune"):
        trial_plan(planned("single"), ())


WRITTEN = {
    "how many at a time": ("max_total_runs: 8, max_concurrent_runs: 2", "tune.max_concurrent_runs"),
    "how many in all": ("max_total_runs: 8", "tune.max_total_runs"),
}


@pytest.mark.parametrize("words", WRITTEN)
def test_a_cloud_without_room_for_the_pool_is_told_at_the_key_that_says(tmp_path: Path, words: str) -> None:
    counts, path = WRITTEN[words]
    text = (
        "tune: {sampling: random, parameter_space: {--lr: {uniform: [1, 2]}}, primary_metric_name: loss,"
        f" primary_metric_goal: minimize, {counts}}}\n"
    )
    told = plan_diagnostic(checked(tmp_path, text).facts, "TFI604", "node_count", "8 machines, and 4 are free")
    assert told.path == path
    assert told.position is not None
