"""`tfinfra plan`: what `up` would make, where every task runs, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import json_option, manifest_argument, target_option

if TYPE_CHECKING:
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.model import Plan, PriceLine, Task

_MOST_TASKS = 40


@click.command(help="Show the resources of MANIFEST, the place and port of every task, and the price; change nothing.")
@manifest_argument
@target_option
@json_option
def command(manifest: Path, target: str | None, as_json: bool) -> None:
    """The same plan that `up` runs."""
    from tfinfra.cli.output import print_diagnostics, print_document
    from tfinfra.compiler.cost import price_lines
    from tfinfra.compiler.load import load_inputs
    from tfinfra.compiler.pipeline import compile_manifest

    compiled = compile_manifest(load_inputs(manifest, target=target))
    print_diagnostics(compiled.diagnostics)
    prices = price_lines(compiled.plan)
    if as_json:
        print_document(_document(compiled, prices))
    else:
        print("\n".join(_text(compiled, prices)))


def _document(compiled: Compiled, prices: Sequence[PriceLine]) -> dict[str, Any]:
    from tfinfra.compiler.cost import total
    from tfinfra.compiler.resource_list import resources

    hourly = total(prices)
    return {
        "plan": compiled.plan,
        "target": compiled.spec.target,
        "resources": resources(compiled.plan),
        "placement": [_placement(compiled.plan, task) for task in compiled.plan.tasks],
        "prices": prices,
        "usd_per_hour": hourly,
        "usd_at_most": _at_most(compiled.plan, hourly),
        "diagnostics": compiled.diagnostics,
    }


def _placement(plan: Plan, task: Task) -> dict[str, Any]:
    return {"task": task.name, "node": task.node, "port": plan.base_port + task.slot, "gpus": task.gpus}


def _text(compiled: Compiled, prices: Sequence[PriceLine]) -> Iterator[str]:
    plan = compiled.plan
    yield from _head(compiled)
    yield "\nresources"
    yield from _resources(plan)
    yield "\ntasks"
    yield from _tasks(plan)
    yield from _data(compiled)
    yield "\nprice (list, US dollars an hour)"
    yield from _prices(compiled, prices)
    yield "\nlimits"
    yield from _limits(plan)


def _head(compiled: Compiled) -> Iterator[str]:
    plan, target = compiled.plan, compiled.spec.target
    nodes = f"{plan.node_count} node{'s' * (plan.node_count > 1)}"
    kind = plan.backend + (f" ({plan.dialect})" if plan.dialect else "")
    where = "the local cloud, as" if target.cloud == "local" else "Azure:"
    yield f"{plan.name}: {kind} on {nodes}; {where} {target.vm_size} in {target.location}"


def _resources(plan: Plan) -> Iterator[str]:
    from tfinfra.compiler.resource_list import resources

    for resource in resources(plan):
        yield f"  {resource.group:8} {resource.what}"


def _tasks(plan: Plan) -> Iterator[str]:
    tasks = plan.tasks
    width = max(len(task.name) for task in tasks)
    for task in tasks[:_MOST_TASKS]:
        yield f"  {task.name:{width}}  node {task.node}  port {plan.base_port + task.slot}{_gpus(plan, task)}"
    if len(tasks) > _MOST_TASKS:
        yield f"  … and {len(tasks) - _MOST_TASKS} more (--json lists all)"
    yield f"  {tasks[0].name} leads; ports are the ones wanted, the run's inventory has the actual ones"


def _data(compiled: Compiled) -> Iterator[str]:
    """Inputs, checkpoints and secrets, where there are any; secrets by name, their values are not even read."""
    plan = compiled.plan
    if not (plan.inputs or plan.resume_from or plan.secrets):
        return
    yield "\ndata"
    for given in plan.inputs:
        yield f"  TFINFRA_INPUT_{given.name.upper()}  {given.mode}  {given.url or compiled.data[given.name]}"
    if plan.resume_from:
        yield f"  TFINFRA_CHECKPOINTS  filled from {plan.resume_from}"
    if plan.secrets:
        yield f"  {', '.join(plan.secrets)}  from the environment of `tfinfra up`, sealed for the nodes"


def _gpus(plan: Plan, task: Task) -> str:
    if not plan.gpus_per_node:
        return ""
    if task.gpus is None:
        return f"  all {plan.gpus_per_node} GPUs"
    return f"  GPUs {', '.join(map(str, task.gpus))}" if task.gpus else "  no GPU"


def _prices(compiled: Compiled, prices: Sequence[PriceLine]) -> Iterator[str]:
    from tfinfra.compiler.cost import total

    for line in prices:
        price = f"{line.usd_per_hour:10.3f}" if line.usd_per_hour is not None else "   unknown"
        yield f"  {price}  {line.quantity} x {line.item}"
    hourly = total(prices)
    if hourly is None:
        yield "     unknown  in all: the catalog has no price for this size in this location"
        return
    most = _at_most(compiled.plan, hourly)
    yield f"  {hourly:10.3f}  in all; at most {most:.2f} if the run lasts until its deadline"
    if compiled.spec.target.cloud == "local":
        yield "  on the local cloud nothing is charged: this is what the same would cost on Azure"


def _at_most(plan: Plan, hourly: float | None) -> float | None:
    return None if hourly is None else round(hourly * plan.limits.max_run_duration / 3600, 2)


def _limits(plan: Plan) -> Iterator[str]:
    from tfinfra.clock import spell_seconds

    longest = spell_seconds(plan.limits.max_run_duration)
    yield f"  everything billed by the hour is deleted {longest} after the first write to the cloud"
    yield f"  outputs stay {spell_seconds(plan.limits.keep_outputs)} longer"
    if plan.hold_on_failure:
        yield f"  after a failure the nodes are held for {spell_seconds(plan.hold_on_failure)}, never past the deadline"
