"""`tfinfra plan`: what `up` would make, where every task runs, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import json_option, manifest_argument, target_option

if TYPE_CHECKING:
    from tfinfra.cli.plan_price import Priced
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.model import Plan, Task

_MOST_TASKS = 40


@click.command(help="Show the resources of MANIFEST, the place and port of every task, and the price; change nothing.")
@manifest_argument
@target_option
@json_option
def command(manifest: Path, target: str | None, as_json: bool) -> None:
    """The same plan that `up` runs."""
    from tfinfra.cli.output import print_diagnostics, print_document
    from tfinfra.cli.plan_price import priced
    from tfinfra.compiler.load import load_inputs
    from tfinfra.compiler.pipeline import compile_manifest

    compiled = compile_manifest(load_inputs(manifest, target=target))
    print_diagnostics(dict.fromkeys([*compiled.diagnostics, *compiled.prices().diagnostics]))
    price = priced(compiled)
    if as_json:
        print_document(_document(compiled, price))
    else:
        print("\n".join(_text(compiled, price)))


def _document(compiled: Compiled, price: Priced) -> dict[str, Any]:
    from tfinfra.cli.plan_price import alternative_prices, price_document
    from tfinfra.compiler.resource_list import resources

    return {
        "plan": compiled.plan,
        "target": compiled.spec.target,
        "resources": resources(compiled.plan),
        "placement": [_placement(compiled.plan, task) for task in compiled.plan.tasks],
        **price_document(price),
        "alternatives_usd_per_hour": alternative_prices(compiled),
        "diagnostics": compiled.diagnostics,
    }


def _placement(plan: Plan, task: Task) -> dict[str, Any]:
    return {"task": task.name, "node": task.node, "port": plan.base_port + task.slot, "gpus": task.gpus}


def _text(compiled: Compiled, price: Priced) -> Iterator[str]:
    from tfinfra.cli.plan_price import alternative_lines, limit_lines, price_table

    plan = compiled.plan
    yield from _head(compiled)
    yield "\nresources"
    yield from _resources(plan)
    yield "\ntasks"
    yield from _tasks(plan)
    yield from price_table(price)
    yield from alternative_lines(compiled)
    yield "\nlimits"
    yield from limit_lines(price, plan.hold_on_failure)


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


def _gpus(plan: Plan, task: Task) -> str:
    if not plan.gpus_per_node:
        return ""
    if task.gpus is None:
        return f"  all {plan.gpus_per_node} GPUs"
    return f"  GPUs {', '.join(map(str, task.gpus))}" if task.gpus else "  no GPU"
