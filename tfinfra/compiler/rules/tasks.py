"""Rules on the tasks as the backend placed them: none idle, no more than a node's GPUs can serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tfinfra.backends.registry import backend
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.make_plan import MOST_TASKS
from tfinfra.compiler.rules.target import MOST_NODES
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.model import Spec


def too_many_tasks(facts: Facts) -> Iterator[Diagnostic]:
    """More tasks than one run coordinates."""
    spec = _spec(facts)
    if spec is not None and facts.tasks is None:
        own = backend(spec.backend)
        message = f"this makes {own.task_count(spec):,} tasks: a run has at most {MOST_TASKS:,}"
        yield error_at(facts.document, "TFI314", (own.count_key,), message)


def idle_nodes(facts: Facts) -> Iterator[Diagnostic]:
    """A node without a task is paid for, and does nothing."""
    spec, tasks = _spec(facts), facts.tasks
    if spec is None or tasks is None:
        return
    used = {task.node for task in tasks}
    if backend(spec.backend).many_nodes and len(used) < spec.node_count:
        roles = Counter(task.type for task in tasks)
        kinds = ", ".join(f"{count} {kind}" for kind, count in roles.items())
        free = min(set(range(spec.node_count)) - used)
        message = f"fewer tasks than nodes: {kinds} on {spec.node_count} nodes leave node {free} without a task"
        hint = f"write node_count: {len(used)}, or more workers"
        yield error_at(facts.document, "TFI303", ("node_count",), message, hint)


def tasks_and_gpus(facts: Facts) -> Iterator[Diagnostic]:
    """More tasks on a node than it has GPUs, and GPUs that no task has. Ranks take one GPU each; the only worker of a
    node takes all, several take equal shares."""
    manifest, chosen, spec, gpus = facts.manifest, facts.chosen, _spec(facts), facts.gpus
    if spec is None or facts.tasks is None or not gpus or len({size.gpus for size in chosen.sizes}) != 1:
        return
    use = backend(spec.backend).gpu_use(spec, facts.tasks)
    if use is None or not use.per_node:
        return

    def count(number: int, what: str) -> str:
        return f"{number} {what}{'s' * (number != 1)}"

    most = max(use.per_node.values())
    if most > gpus:
        message = f"{count(most, use.noun)} on a node that has {count(gpus, 'GPU')}"
        yield error_at(manifest.document, "TFI312", (use.key,), message, f"at most {gpus} on each node")
    idle = sum((gpus - n if use.one_each else gpus % n) for n in use.per_node.values() if n <= gpus)
    idle += (spec.node_count - len(use.per_node)) * gpus
    if idle:
        message = f"{idle} of {spec.node_count * gpus} GPUs have no {use.noun}"
        written = use.key in manifest.given
        document, path = (manifest.document, (use.key,)) if written else (chosen.document, chosen.at("vm_size"))
        hint = "you pay for them all the same"
        yield error_at(document, "TFI412", path, message, hint, severity=Severity.WARNING)


def _spec(facts: Facts) -> Spec | None:
    """The spec; None also where there are so many nodes that nothing is said of what is on them."""
    return facts.spec if facts.spec is not None and facts.spec.node_count <= MOST_NODES else None


RULES: tuple[Rule, ...] = (too_many_tasks, idle_nodes, tasks_and_gpus)
