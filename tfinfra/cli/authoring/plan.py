"""`tfinfra plan`: what `up` would make, where every task runs, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.manifests.options import Asked, manifest_options
from tfinfra.cli.options import target_option

if TYPE_CHECKING:
    from tfinfra.cli.manifests.each import One
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.compiler.summary.priced import Priced
    from tfinfra.engine.client import EngineProcess
    from tfinfra.errors import Diagnostic
    from tfinfra.lifecycle.end.deletion_layers import Layer
    from tfinfra.lifecycle.preflight import LiveAnswer, Recorder


@click.command(help="Show the resources of each MANIFEST, every task's place and port, and the price; change nothing.")
@manifest_options
@target_option
@click.option("--live", is_flag=True, help="Ask the cloud whether the plan can work: quotas, sizes, rights, policy.")
@click.option("--rehearse", is_flag=True, help="Ask this machine's local cloud, whatever the target.")
def command(*, asked: Asked, target: str | None, live: bool, rehearse: bool) -> int:
    """The same plan that `up` runs. Raises what the cloud says against it with --live."""
    from tfinfra.cli.manifests.each import each_manifest

    with ExitStack() as ending:
        recorder: EngineProcess | None = None
        if live:  # the engine's process first: its imports take longer than compiling
            from tfinfra.engine.client import EngineProcess
            from tfinfra.system.installation import require_run_packages

            require_run_packages()
            recorder = ending.enter_context(closing(EngineProcess(records=True)))
        return each_manifest("plan", asked, partial(_plan, target=target, rehearse=rehearse, recorder=recorder))


def _plan(one: One, *, target: str | None, rehearse: bool, recorder: Recorder | None) -> dict[str, Any]:
    """Shows the plan, and with a `recorder` what the cloud says of it."""
    from tfinfra.cli.authoring.plan_text import layer_lines, live_lines, plan_lines
    from tfinfra.cli.tables import Bold
    from tfinfra.compiler.pipeline import compile_manifest
    from tfinfra.compiler.summary.priced import priced
    from tfinfra.lifecycle.end.deletion_layers import planned_layers

    compiled = compile_manifest(one.load(target=target, rehearse=rehearse))
    plan, where = compiled.plan, compiled.spec.target
    found = one.judge(dict.fromkeys([*compiled.diagnostics, *compiled.prices().diagnostics]))
    one.note(compiled)
    answering = _ask(compiled, rehearse, recorder) if recorder else None
    price, layers = priced(compiled), planned_layers(plan, where)
    one.show(*plan_lines(compiled, price, layers))
    if answering is None:
        return {**_document(compiled, price, layers, found), "live": None}
    answer = answering()
    answer = replace(answer, diagnostics=one.judge(answer.diagnostics))
    layers = planned_layers(plan, where, answer.may_delete)
    one.show(*live_lines(answer), Bold("\ndeletion, by what the cloud says"), *layer_lines(layers))
    return {**_document(compiled, price, layers, found), "live": answer}


def _ask(compiled: Compiled, rehearse: bool, recorder: Recorder) -> Callable[[], LiveAnswer]:
    """What the cloud says. Its client is on its way at once, while the plan is shown."""
    from tfinfra.lifecycle.preflight import plan_live, reach

    return partial(plan_live, compiled, reach(compiled, rehearse), recorder)


def _document(
    compiled: Compiled, price: Priced, layers: tuple[Layer, ...], found: tuple[Diagnostic, ...]
) -> dict[str, Any]:
    from tfinfra.cli.authoring.plan_price import alternative_prices, price_document
    from tfinfra.cli.authoring.plan_source import source_document
    from tfinfra.compiler.summary.resource_list import resources
    from tfinfra.compiler.summary.searched import searched

    plan = compiled.plan
    return {
        "plan": plan,
        "target": compiled.spec.target,
        "search": searched(plan, price.seconds),
        "resources": resources(plan),
        "placement": [
            {"task": task.name, "node": task.node, "port": plan.base_port + task.slot, "gpus": task.gpus}
            for task in plan.tasks
        ],
        "layers": layers,
        "source": source_document(compiled.travels),
        **price_document(price),
        "alternatives_usd_per_hour": alternative_prices(compiled),
        "guardrails": compiled.facts.project.guardrails.all,
        "diagnostics": found,
    }
