"""Rules on the tasks as the backend placed them: none idle, no more than a node's GPUs can serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tfinfra.compiler.targets import Chosen
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest
from tfinfra.model import Spec, Task

MOST_TASKS = 10_000


def too_many(manifest: Manifest, spec: Spec) -> Iterator[Diagnostic]:
    """More tasks than one run coordinates; asked before any is made."""
    per_node = spec.node_count * spec.process_count_per_node
    served = spec.worker_count + spec.parameter_server_count + spec.evaluator_count
    count, key = (per_node, "process_count_per_node") if spec.backend == "mpi" else (served, "worker_count")
    if count > MOST_TASKS:
        yield error_at(
            manifest.document, "TFI314", (key,), f"this makes {count:,} tasks: a run has at most {MOST_TASKS:,}"
        )


def task_findings(
    manifest: Manifest, chosen: Chosen, spec: Spec, tasks: Sequence[Task], gpus: int
) -> Iterator[Diagnostic]:
    """All of this file's rules."""
    yield from _idle_nodes(manifest, spec, tasks)
    if gpus:
        yield from _gpu_shares(manifest, chosen, spec, tasks, gpus)


def _idle_nodes(manifest: Manifest, spec: Spec, tasks: Sequence[Task]) -> Iterator[Diagnostic]:
    used = {task.node for task in tasks}
    if spec.backend == "ps" and len(used) < spec.node_count:
        roles = Counter(task.type for task in tasks)
        kinds = ", ".join(f"{count} {kind}" for kind, count in roles.items())
        free = min(set(range(spec.node_count)) - used)
        message = f"fewer tasks than nodes: {kinds} on {spec.node_count} nodes leave node {free} without a task"
        yield error_at(
            manifest.document, "TFI303", ("node_count",), message, f"write node_count: {len(used)}, or more workers"
        )


def _gpu_shares(
    manifest: Manifest, chosen: Chosen, spec: Spec, tasks: Sequence[Task], gpus: int
) -> Iterator[Diagnostic]:
    """Ranks take one GPU each; the only worker of a node takes all, several take equal shares."""
    if spec.backend == "mpi":
        ranks = spec.process_count_per_node
        yield from _too_few(manifest, "process_count_per_node", _some(ranks, "rank"), ranks, gpus)
        if ranks < gpus:
            message = f"{gpus - ranks} of each node's {gpus} GPUs are idle with {_some(ranks, 'rank')} on it"
            yield _idle(manifest, chosen, "process_count_per_node", message)
    elif spec.backend == "ps":
        workers = Counter(task.node for task in tasks if _trains(spec, task))
        most = max(workers.values())
        yield from _too_few(manifest, "worker_count", _some(most, "worker"), most, gpus)
        idle = (spec.node_count - len(workers)) * gpus + sum(
            gpus % count for count in workers.values() if count <= gpus
        )
        if idle:
            yield _idle(manifest, chosen, "worker_count", f"{idle} of {spec.node_count * gpus} GPUs have no worker")


def _too_few(manifest: Manifest, key: str, what: str, wanted: int, gpus: int) -> Iterator[Diagnostic]:
    if wanted > gpus:
        message = f"{what} on a node that has {_some(gpus, 'GPU')}"
        yield error_at(manifest.document, "TFI312", (key,), message, f"at most {gpus} on each node")


def _some(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _idle(manifest: Manifest, chosen: Chosen, key: str, message: str) -> Diagnostic:
    path = (key,) if key in manifest.given else chosen.at("vm_size")
    document = manifest.document if key in manifest.given else chosen.document
    return error_at(document, "TFI412", path, message, "they are paid for all the same", severity=Severity.WARNING)


def _trains(spec: Spec, task: Task) -> bool:
    return task.type == "worker" or (task.type == "chief" and spec.dialect != "coordinator")
