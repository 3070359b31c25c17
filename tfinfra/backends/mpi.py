"""`distributed_backend: mpi`: Horovod on Open MPI, `process_count_per_node` ranks on each node, in inventory order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from tfinfra.backends.base import Backend, GpuUse, ScriptSign, Verdict
from tfinfra.backends.devices import device_variables, shard_variables
from tfinfra.backends.statuses import all_must_succeed
from tfinfra.model import Plan, Spec, Task

if TYPE_CHECKING:
    from tfinfra.model import Inventory, TaskStatus

# Horovod's default never aborts when a rank stays away from a collective operation; half an hour is longer than any
# rank's own work between two of them.
_STALL_SHUTDOWN_SECONDS = "1800"


class Mpi(Backend):
    name = "mpi"
    meaning = "Horovod on Open MPI"
    example = "horovod"
    first_keys = MappingProxyType({"node_count": 2, "process_count_per_node": 1, "distributed_backend": "mpi"})
    also_called = ("horovod", "openmpi", "mpiconfiguration")
    keys = ("process_count_per_node",)
    count_key = "process_count_per_node"
    launcher = "mpirun-0"
    horovod = True
    averages = True
    joining = "it had not called hvd.init()"
    signs = (
        ScriptSign(
            names=("horovod",),
            what="Horovod",
            misfit="the script uses Horovod, and distributed_backend is",
            needed=True,
        ),
    )
    without_sign = (
        "no module of this script uses Horovod: every rank will train by itself",
        "use horovod.tensorflow.keras, or leave distributed_backend out",
        ("mpi4py",),
    )

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        del gpus_per_node  # every rank sees all GPUs and picks hvd.local_rank(), the idiom of Horovod's documentation
        per_node = spec.process_count_per_node
        ranks = range(self.task_count(spec))
        return tuple(Task(f"rank-{r}", "rank", r, node=r // per_node, slot=r % per_node, gpus=None) for r in ranks)

    def task_count(self, spec: Spec) -> int:
        return spec.node_count * spec.process_count_per_node

    def gpu_use(self, spec: Spec, tasks: Sequence[Task]) -> GpuUse:
        del spec
        return GpuUse(self.count_key, "rank", Counter(task.node for task in tasks), one_each=True)

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        return {
            "HOROVOD_STALL_SHUTDOWN_TIME_SECONDS": _STALL_SHUTDOWN_SECONDS,
            **device_variables(plan, inventory, task),
            **shard_variables(task.index, len(plan.tasks)),
        }

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        return all_must_succeed(plan.tasks, statuses, "ranks")
