"""`distributed_backend: ps`: parameter servers and workers, in three dialects of TF_CONFIG.

cluster_spec: ps and worker, worker 0 leads. estimator: the first training task is `chief`, as tf.estimator.RunConfig
insists. coordinator: a `chief` beside the workers, for tf.distribute.ParameterServerStrategy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from tfinfra.backends.base import Backend, GpuUse, ScriptSign, Verdict, leader
from tfinfra.backends.devices import device_variables, shard_variables
from tfinfra.backends.placement import UnplacedTask, least_loaded, place
from tfinfra.backends.statuses import ending, failed, first_failure, has_ended, succeeded
from tfinfra.backends.tf_config import tf_config
from tfinfra.errors import Result
from tfinfra.model import Plan, Spec, Task

if TYPE_CHECKING:
    from tfinfra.model import Inventory, TaskStatus

_WORKER_GRACE = 30.0
_EVALUATOR_GRACE = 15 * 60.0
_COORDINATOR_RESTARTS = 3


class ParameterServer(Backend):
    name = "ps"
    meaning = "parameter server"
    example = "coordinator"
    first_keys = MappingProxyType(
        {"node_count": 2, "distributed_backend": "ps", "worker_count": 2, "parameter_server_count": 1}
    )
    also_called = ("parameter_server", "parameterserver", "tensorflowconfiguration")
    keys = ("worker_count", "parameter_server_count", "tf_config", "evaluator_count")
    count_key = "worker_count"
    binds_ports = True
    gives_tf_config = True
    over_ethernet = "a parameter server speaks gRPC over Ethernet"
    signs = (
        ScriptSign(
            names=("tensorflow.estimator", "tensorflow_estimator"),
            what="tf.estimator",
            misfit="",  # without a TF_CONFIG it trains alone
            standalone=True,
            dialect="estimator",
        ),
        ScriptSign(
            names=("ParameterServerStrategy",),
            what="ParameterServerStrategy",
            misfit="ParameterServerStrategy cannot work with distributed_backend",
            anywhere=True,
            strategy=True,
            dialect="coordinator",
            keras3=False,
        ),
        ScriptSign(
            names=("tensorflow.train.ClusterSpec",),
            what="tf.train.ClusterSpec",
            misfit="tf.train.ClusterSpec finds no TF_CONFIG with distributed_backend",
            dialect="cluster_spec",
        ),
    )

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        last = spec.node_count - 1
        servers = [
            UnplacedTask("ps", j, last - j % spec.node_count, trains=False) for j in range(spec.parameter_server_count)
        ]
        tasks = [*_training_tasks(spec), *servers]
        node = least_loaded(tasks, spec.node_count)
        evaluators = [UnplacedTask("evaluator", e, node, trains=False) for e in range(spec.evaluator_count)]
        return place([*tasks, *evaluators], gpus_per_node)

    def task_count(self, spec: Spec) -> int:
        driver = spec.dialect == "coordinator"
        return spec.worker_count + spec.parameter_server_count + spec.evaluator_count + driver

    def gpu_use(self, spec: Spec, tasks: Sequence[Task]) -> GpuUse:
        trainers = ("worker",) if spec.dialect == "coordinator" else ("chief", "worker")
        per_node = Counter(task.node for task in tasks if task.type in trainers)
        return GpuUse(self.count_key, "worker", per_node, one_each=False)

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        return {
            "TF_CONFIG": tf_config(plan, inventory, task).text(),
            **device_variables(plan, inventory, task),
            **_shard(plan, task),
        }

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        if succeeded(statuses, leader(plan.tasks).name):
            return _after_the_leader(plan, statuses)
        if failure := first_failure(statuses.values()):
            return failed(failure)
        return _ended_too_early(plan, statuses) or Verdict(None)

    def grace(self, task: Task) -> float:
        return _EVALUATOR_GRACE if task.type == "evaluator" else _WORKER_GRACE

    def restarts(self, plan: Plan, task: Task) -> int:
        """ParameterServerStrategy takes a worker back at its old address; everything else cannot go on without it."""
        return _COORDINATOR_RESTARTS if plan.dialect == "coordinator" and task.type == "worker" else 0


def _training_tasks(spec: Spec) -> list[UnplacedTask]:
    nodes = [i % spec.node_count for i in range(spec.worker_count)]
    chief = []
    if spec.dialect == "coordinator":
        chief = [UnplacedTask("chief", 0, 0, trains=False)]
    elif spec.dialect == "estimator":  # its first training task is the chief
        chief, nodes = [UnplacedTask("chief", 0, 0, trains=True)], nodes[1:]
    return [*chief, *(UnplacedTask("worker", i, node, trains=True) for i, node in enumerate(nodes))]


def _shard(plan: Plan, task: Task) -> dict[str, str]:
    """The shard of a task that reads training data; all of it for the others. Coordinator's chief only drives."""
    types = ("worker",) if plan.dialect == "coordinator" else ("chief", "worker")
    trainers = sorted((t for t in plan.tasks if t.type in types), key=lambda t: (t.type, t.index))
    return shard_variables(trainers.index(task), len(trainers)) if task in trainers else shard_variables(0, 1)


def _after_the_leader(plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
    """The leader ended with 0: only an evaluator can still fail the run."""
    evaluators = [t.name for t in plan.tasks if t.type == "evaluator"]
    if failure := first_failure(statuses[e] for e in evaluators if e in statuses):
        return failed(failure)
    # Coordinator's workers only serve: they never end by themselves, so nothing waits for them.
    ending_types = ("evaluator",) if plan.dialect == "coordinator" else ("evaluator", "worker")
    waiting = tuple(t.name for t in plan.tasks if t.type in ending_types and not has_ended(statuses, t.name))
    message = f"{leader(plan.tasks).name} ended with exit status 0"
    return Verdict(None if waiting else Result.SUCCEEDED, message, leader_done=True, waiting=waiting)


def _ended_too_early(plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict | None:
    """A parameter server that ends with 0 while the leader trains: its variables are gone."""
    for task in plan.tasks:
        status = statuses.get(task.name)
        if task.type == "ps" and status and has_ended(statuses, task.name):
            message = f"{ending(status)} before {leader(plan.tasks).name} had ended"
            return Verdict(Result.FAILED, message, task.name)
    return None
