"""What each task sees of its backend: TF_CONFIG in three dialects, threads, GPUs, its share of the data."""

from __future__ import annotations

import json
from typing import Any

from tests.backends.specs import inventory, plan_of, spec
from tfinfra.backends.registry import backend
from tfinfra.model import Plan


def seen(plan: Plan, name: str) -> dict[str, str]:
    task = next(t for t in plan.tasks if t.name == name)
    return backend(plan.backend).environment(plan, inventory(plan.node_count), task)


def tf_config(plan: Plan, name: str) -> Any:
    return json.loads(seen(plan, name)["TF_CONFIG"])


def test_cluster_spec_has_exactly_cluster_task_and_environment() -> None:
    plan = plan_of(spec("ps", node_count=2, worker_count=2))
    assert tf_config(plan, "worker-1") == {
        "cluster": {"ps": ["10.0.0.5:2223"], "worker": ["10.0.0.4:2222", "10.0.0.5:2222"]},
        "task": {"type": "worker", "index": 1},
        "environment": "cloud",
    }


def test_estimator_with_one_training_task_has_no_worker_key() -> None:
    plan = plan_of(spec("ps", node_count=2, dialect="estimator"))
    assert tf_config(plan, "chief-0")["cluster"] == {"chief": ["10.0.0.4:2222"], "ps": ["10.0.0.5:2222"]}


def test_an_evaluator_has_a_type_of_its_own_and_is_not_in_the_cluster() -> None:
    plan = plan_of(spec("ps", node_count=2, worker_count=2, dialect="estimator", evaluator_count=1))
    config = tf_config(plan, "evaluator-0")
    assert config["task"] == {"type": "evaluator", "index": 0}
    assert sorted(config["cluster"]) == ["chief", "ps", "worker"]


def test_coordinator_has_a_chief_beside_all_workers() -> None:
    plan = plan_of(spec("ps", node_count=2, worker_count=2, dialect="coordinator"))
    assert tf_config(plan, "ps-0")["cluster"] == {
        "chief": ["10.0.0.4:2222"],
        "ps": ["10.0.0.5:2223"],
        "worker": ["10.0.0.4:2223", "10.0.0.5:2222"],
    }


def test_multi_worker_has_a_worker_on_each_node_and_no_other_role() -> None:
    plan = plan_of(spec("multi_worker", node_count=2), gpus_per_node=4)
    assert tf_config(plan, "worker-1") == {
        "cluster": {"worker": ["10.0.0.4:2222", "10.0.0.5:2222"]},
        "task": {"type": "worker", "index": 1},
        "environment": "cloud",
    }
    rest = {name: value for name, value in seen(plan, "worker-1").items() if name != "TF_CONFIG"}
    assert rest == {"TFINFRA_SHARD_INDEX": "1", "TFINFRA_SHARD_COUNT": "2"}, "a node's only worker sees all its GPUs"


def test_tasks_that_share_a_node_share_its_cores() -> None:
    plan = plan_of(spec("ps", node_count=2, worker_count=2))
    assert "OMP_NUM_THREADS" not in seen(plan, "worker-0")
    assert seen(plan, "worker-1")["OMP_NUM_THREADS"] == seen(plan, "ps-0")["TF_NUM_INTRAOP_THREADS"] == "4"


def test_a_task_without_gpus_hides_them_and_one_with_a_share_names_it() -> None:
    plan = plan_of(spec("ps", worker_count=2), gpus_per_node=4)
    assert seen(plan, "ps-0")["CUDA_VISIBLE_DEVICES"] == "-1"
    assert seen(plan, "worker-1")["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert "CUDA_VISIBLE_DEVICES" not in seen(plan_of(spec("mpi"), gpus_per_node=4), "rank-0")


def test_shards_count_the_tasks_that_train() -> None:
    def shard(plan: Plan, name: str) -> str:
        return "{TFINFRA_SHARD_INDEX}/{TFINFRA_SHARD_COUNT}".format(**seen(plan, name))

    estimator = plan_of(spec("ps", worker_count=3, dialect="estimator"))
    assert [shard(estimator, n) for n in ("chief-0", "worker-0", "worker-1", "ps-0")] == ["0/3", "1/3", "2/3", "0/1"]
    coordinator = plan_of(spec("ps", worker_count=2, dialect="coordinator"))
    assert [shard(coordinator, n) for n in ("chief-0", "worker-1")] == ["0/1", "1/2"]
    assert shard(plan_of(spec("mpi", node_count=2, process_count_per_node=2)), "rank-3") == "3/4"
    assert shard(plan_of(spec("single")), "main-0") == "0/1"
