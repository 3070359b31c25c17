"""`distributed_backend: multi_worker`: tf.distribute.MultiWorkerMirroredStrategy, one worker on each node; all make the
same steps, and all must end with 0."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from tfinfra.backends.base import Backend, ScriptSign, Verdict
from tfinfra.backends.devices import device_variables, shard_variables
from tfinfra.backends.placement import UnplacedTask, place
from tfinfra.backends.statuses import all_must_succeed
from tfinfra.backends.tf_config import tf_config
from tfinfra.model import Plan, Spec, Task

if TYPE_CHECKING:
    from tfinfra.model import Inventory, TaskStatus


class MultiWorker(Backend):
    name = "multi_worker"
    meaning = "MultiWorkerMirroredStrategy"
    example = "multi_worker"
    first_keys = MappingProxyType({"node_count": 2, "distributed_backend": "multi_worker"})
    also_called = ("multiworker", "multi-worker", "multiworkermirroredstrategy", "multi_worker_mirrored", "collective")
    binds_ports = True
    gives_tf_config = True
    averages = True
    over_ethernet = "without GPUs MultiWorkerMirroredStrategy speaks gRPC over Ethernet"
    gpus_only = True
    joining = "it had not made its MultiWorkerMirroredStrategy"
    signs = (
        ScriptSign(
            names=("MultiWorkerMirroredStrategy", "CollectiveAllReduceStrategy"),
            what="MultiWorkerMirroredStrategy",
            misfit="MultiWorkerMirroredStrategy cannot work under distributed_backend",
            anywhere=True,
            standalone=True,
            strategy=True,
            keras3=False,
        ),
    )
    without_sign = (
        "no module of this script uses MultiWorkerMirroredStrategy: without it every worker trains by itself",
        "use tf.distribute.MultiWorkerMirroredStrategy, or leave distributed_backend out",
        (
            *("tensorflow.distribute.cluster_resolver.TFConfigClusterResolver", "tensorflow.train.ClusterSpec"),
            *("tensorflow.distribute.Server", "tensorflow.train.Server"),
        ),
    )

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        return place(
            [UnplacedTask("worker", node, node, trains=True) for node in range(spec.node_count)], gpus_per_node
        )

    def task_count(self, spec: Spec) -> int:
        return spec.node_count

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        return {
            "TF_CONFIG": tf_config(plan, inventory, task).text(),
            **device_variables(plan, inventory, task),
            **shard_variables(task.index, len(plan.tasks)),
        }

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        return all_must_succeed(plan.tasks, statuses, "workers")
