"""Rules on the tasks as the backend placed them: none idle, no more than a node's GPUs can serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tfinfra.backends.registry import backend
from tfinfra.compiler.facts import Facts
from tfinfra.compiler.rules.target import MOST_NODES
from tfinfra.compiler.target.chosen import Chosen
from tfinfra.compiler.tasks import MOST_TASKS
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest
from tfinfra.model import Spec, Task


def task_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules."""
    manifest, spec, tasks = facts.manifest, facts.spec, facts.tasks
    if spec is None or spec.node_count > MOST_NODES:  # with so many nodes nothing is said of what is on them
        return
    if tasks is None:
        chosen = backend(spec.backend)
        message = f"this makes {chosen.task_count(spec):,} tasks: a run has at most {MOST_TASKS:,}"
        yield error_at(manifest.document, "TFI314", (chosen.count_key,), message)
        return
    yield from _idle_nodes(manifest, spec, tasks)
    if facts.gpus and len({size.gpus for size in facts.chosen.sizes}) == 1:
        yield from _gpu_shares(manifest, facts.chosen, spec, tasks, facts.gpus)


def _idle_nodes(manifest: Manifest, spec: Spec, tasks: Sequence[Task]) -> Iterator[Diagnostic]:
    used = {task.node for task in tasks}
    if backend(spec.backend).many_nodes and len(used) < spec.node_count:
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
    use = backend(spec.backend).gpu_use(spec, tasks)
    if use is None or not use.per_node:
        return
    most = max(use.per_node.values())
    yield from _too_few(manifest, use.key, _some(most, use.noun), most, gpus)
    idle = sum((gpus - n if use.one_each else gpus % n) for n in use.per_node.values() if n <= gpus)
    idle += (spec.node_count - len(use.per_node)) * gpus
    if idle:
        yield _idle(manifest, chosen, use.key, f"{idle} of {spec.node_count * gpus} GPUs have no {use.noun}")


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
