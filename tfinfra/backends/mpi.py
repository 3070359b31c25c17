"""`distributed_backend: mpi`: Horovod on Open MPI, `process_count_per_node` ranks on each node, in inventory order."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.backends.base import Verdict
from tfinfra.backends.devices import device_variables, shard_variables
from tfinfra.backends.statuses import failed, first_failure, succeeded
from tfinfra.model import Inventory, Plan, Spec, Task, TaskStatus

# Horovod's default never aborts when a rank stays away from a collective operation; half an hour is longer than any
# rank's own work between two of them.
_STALL_SHUTDOWN_SECONDS = "1800"


class Mpi:
    name = "mpi"

    def tasks(self, spec: Spec, gpus_per_node: int) -> tuple[Task, ...]:
        del gpus_per_node  # every rank sees all GPUs and picks hvd.local_rank(), the idiom of Horovod's documentation
        per_node = spec.process_count_per_node
        ranks = range(spec.node_count * per_node)
        return tuple(Task(f"rank-{r}", "rank", r, node=r // per_node, slot=r % per_node, gpus=None) for r in ranks)

    def environment(self, plan: Plan, inventory: Inventory, task: Task) -> dict[str, str]:
        return {
            "HOROVOD_STALL_SHUTDOWN_TIME_SECONDS": _STALL_SHUTDOWN_SECONDS,
            **device_variables(plan, inventory, task),
            **shard_variables(task.index, len(plan.tasks)),
        }

    def verdict(self, plan: Plan, statuses: Mapping[str, TaskStatus]) -> Verdict:
        if failure := first_failure(statuses.values()):
            return failed(failure)
        if all(succeeded(statuses, t.name) for t in plan.tasks):
            return Verdict("succeeded", f"all {len(plan.tasks)} ranks ended with exit status 0", leader_done=True)
        return Verdict(None)

    def grace(self, task: Task) -> float:
        del task
        return 0.0

    def restarts(self, plan: Plan, task: Task) -> int:
        del plan, task
        return 0
