"""A plan, and what a cloud says of it, for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tfinfra.cli.authoring.plan_price import alternative_lines, limit_lines, price_lines
from tfinfra.cli.authoring.plan_search import search_lines
from tfinfra.cli.authoring.plan_source import source_lines
from tfinfra.cli.tables import Bold

if TYPE_CHECKING:
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.compiler.summary.priced import Priced
    from tfinfra.lifecycle.end.deletion_layers import Layer
    from tfinfra.lifecycle.preflight import LiveAnswer
    from tfinfra.model import Plan, Task

_MOST_TASKS = 40


def plan_lines(compiled: Compiled, price: Priced, layers: Iterable[Layer]) -> Iterator[str]:
    """Search, resources, environment, tasks, source, data, deletion, price, limits and guardrails."""
    from tfinfra.compiler.summary.resource_list import resources

    plan, target = compiled.plan, compiled.spec.target
    nodes = f"{plan.node_count} node{'s' * (plan.node_count > 1)}"
    kind = plan.backend + (f" ({plan.dialect})" if plan.dialect else "")
    where = "the local cloud, as" if target.cloud == "local" else "Azure:"
    what = f"a tune of {kind}" if plan.tune else kind
    yield Bold(f"{plan.name}: {what} on {nodes}; {where} {target.vm_size} in {target.location}")
    yield from search_lines(plan, price.seconds)
    yield Bold("\nresources")
    for resource in resources(plan):
        yield f"  {resource.group:8} {resource.what}"
    yield Bold("\nenvironment")
    yield from _environment_lines(plan)
    yield Bold("\ntasks of each trial" if plan.tune else "\ntasks")
    width = max(len(task.name) for task in plan.tasks)
    for task in plan.tasks[:_MOST_TASKS]:
        yield f"  {task.name:{width}}  node {task.node}  port {plan.base_port + task.slot}{_gpus(plan, task)}"
    if len(plan.tasks) > _MOST_TASKS:
        yield f"  … and {len(plan.tasks) - _MOST_TASKS} more (--json lists all)"
    yield f"  {plan.tasks[0].name} leads; ports are the ones wanted, the run's inventory has the actual ones"
    yield from source_lines(compiled.travels)
    yield from _data_lines(compiled)
    yield Bold("\ndeletion (each is enough alone)")
    yield from layer_lines(layers)
    yield from price_lines(price)
    yield from alternative_lines(compiled)
    yield Bold("\nlimits")
    yield from limit_lines(price, plan.hold_on_failure)
    yield from _guardrail_lines(compiled)


def _environment_lines(plan: Plan) -> Iterator[str]:
    """What the lock is made from; exact versions are known once it is made, at the first `up`."""
    wanted = plan.requirements
    build = "GPU build" if wanted.gpu else "CPU build"
    horovod = ", Horovod on Open MPI" if wanted.horovod else ""
    yield f"  TensorFlow {wanted.framework_version} ({build}){horovod}, Python {wanted.python_version}"
    if wanted.pip:
        yield f"  pip: {', '.join(wanted.pip)}"
    if wanted.conda:
        yield f"  conda: {', '.join(wanted.conda)} from {', '.join(wanted.conda_channels)}"
    if plan.setup_script:
        yield f"  {plan.setup_script} runs once on every node before the training"


def _gpus(plan: Plan, task: Task) -> str:
    if not plan.gpus_per_node:
        return ""
    if task.gpus is None:
        return f"  all {plan.gpus_per_node} GPUs" if plan.gpus_per_node > 1 else "  its GPU"
    return f"  GPUs {', '.join(map(str, task.gpus))}" if task.gpus else "  no GPU"


def _data_lines(compiled: Compiled) -> Iterator[str]:
    """Inputs, checkpoints and secrets, where there are any; secrets by name, their values are not even read."""
    plan = compiled.plan
    if not (plan.inputs or plan.resume_from or plan.secrets):
        return
    yield Bold("\ndata")
    for given in plan.inputs:
        yield f"  TFINFRA_INPUT_{given.name.upper()}  {given.mode}  {given.url or compiled.data[given.name]}"
    if plan.resume_from:
        yield f"  TFINFRA_CHECKPOINTS  filled from {plan.resume_from}"
    if plan.secrets:
        yield f"  {', '.join(plan.secrets)}  from the environment of `tfinfra up`, sealed for the nodes"


def _guardrail_lines(compiled: Compiled) -> Iterator[str]:
    """The guardrails that the manifest keeps to, and where each is written."""
    held = compiled.facts.project.guardrails.all
    if not held:
        return
    yield Bold("\nguardrails, all of them kept")
    width = max(len(one.name) for one in held)
    for one in held:
        yield f"  {one.name:{width}}  {one.value}  ({one.file}:{one.line})"


def layer_lines(layers: Iterable[Layer]) -> Iterator[str]:
    """The layers of deletion, and whether a run has them."""
    for layer in layers:
        yield f"  {'on' if layer.on else 'OFF':4}{layer.name:8}{layer.why}"


def live_lines(answer: LiveAnswer) -> Iterator[str]:
    """What the cloud was asked, and what it said."""
    width = max((len(line.check) for line in answer.checked), default=0)
    yield Bold(f"\nthe {answer.cloud} cloud, asked ({answer.seconds:.1f} s)")
    for line in answer.checked:
        yield f"  {line.check:{width}}  {line.found}"
