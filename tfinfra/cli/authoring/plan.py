"""`tfinfra plan`: what `up` would make, where every task runs, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import json_option, manifest_argument, target_option

if TYPE_CHECKING:
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.compiler.summary.priced import Priced
    from tfinfra.engine.client import EngineProcess
    from tfinfra.lifecycle.end.deletion_layers import Layer
    from tfinfra.lifecycle.preflight import LiveAnswer, Recorder


@click.command(help="Show the resources of MANIFEST, the place and port of every task, and the price; change nothing.")
@manifest_argument
@target_option
@click.option("--live", is_flag=True, help="Ask the cloud whether the plan can work: quotas, sizes, rights, policy.")
@click.option("--rehearse", is_flag=True, help="Ask this machine's local cloud, whatever the target.")
@json_option
def command(*, manifest: Path, target: str | None, live: bool, rehearse: bool, as_json: bool) -> None:
    """The same plan that `up` runs. Raises what the cloud says against it with --live."""
    with ExitStack() as ending:
        recorder: EngineProcess | None = None
        if live:  # the engine's process first: its imports take longer than compiling
            from tfinfra.engine.client import EngineProcess

            recorder = ending.enter_context(closing(EngineProcess(records=True)))
        from tfinfra.compiler.load import load_project
        from tfinfra.compiler.pipeline import compile_manifest

        _show(compile_manifest(load_project(manifest, target=target, rehearse=rehearse)), rehearse, recorder, as_json)


def _show(compiled: Compiled, rehearse: bool, recorder: Recorder | None, as_json: bool) -> None:
    """The plan, and with a `recorder` what the cloud says of it."""
    from tfinfra.cli.authoring.plan_text import layer_lines, live_lines, plan_lines
    from tfinfra.cli.output import print_diagnostics, print_document, show
    from tfinfra.cli.tables import Bold
    from tfinfra.compiler.summary.priced import priced
    from tfinfra.lifecycle.end.deletion_layers import planned_layers

    plan, target = compiled.plan, compiled.spec.target
    print_diagnostics(dict.fromkeys([*compiled.diagnostics, *compiled.prices().diagnostics]))
    answering = _ask(compiled, rehearse, recorder) if recorder else None
    price, layers = priced(compiled), planned_layers(plan, target)
    if not as_json:
        show(*plan_lines(compiled, price, layers))
    if answering is None:
        if as_json:
            print_document(_document(compiled, price, layers))
        return
    answer = answering()
    print_diagnostics(answer.diagnostics)
    layers = planned_layers(plan, target, answer.may_delete)
    if as_json:
        print_document({**_document(compiled, price, layers), "live": answer})
    else:
        show(*live_lines(answer), Bold("\ndeletion, by what the cloud says"), *layer_lines(layers))


def _ask(compiled: Compiled, rehearse: bool, recorder: Recorder) -> Callable[[], LiveAnswer]:
    """What the cloud says. Its client is on its way at once, while the plan is shown."""
    from tfinfra.lifecycle.preflight import plan_live, reach

    return partial(plan_live, compiled, reach(compiled, rehearse), recorder)


def _document(compiled: Compiled, price: Priced, layers: tuple[Layer, ...]) -> dict[str, Any]:
    from tfinfra.cli.authoring.plan_price import alternative_prices, price_document
    from tfinfra.cli.authoring.plan_source import source_document
    from tfinfra.compiler.summary.resource_list import resources

    plan = compiled.plan
    return {
        "plan": plan,
        "target": compiled.spec.target,
        "resources": resources(plan),
        "placement": [
            {"task": task.name, "node": task.node, "port": plan.base_port + task.slot, "gpus": task.gpus}
            for task in plan.tasks
        ],
        "layers": layers,
        "source": source_document(compiled.travels),
        **price_document(price),
        "alternatives_usd_per_hour": alternative_prices(compiled),
        "diagnostics": compiled.diagnostics,
    }
