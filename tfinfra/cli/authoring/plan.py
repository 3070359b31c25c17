"""`tfinfra plan`: what `up` would make, where every task runs, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import json_option, manifest_argument, target_option

if TYPE_CHECKING:
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.compiler.summary.priced import Priced
    from tfinfra.lifecycle.end.deletion_layers import Layer
    from tfinfra.lifecycle.preflight import LiveAnswer, Recorder
    from tfinfra.model import Plan, Task

_MOST_TASKS = 40


@click.command(help="Show the resources of MANIFEST, the place and port of every task, and the price; change nothing.")
@manifest_argument
@target_option
@click.option("--live", is_flag=True, help="Ask the cloud whether the plan can work: quotas, sizes, rights, policy.")
@click.option("--rehearse", is_flag=True, help="Ask this machine's local cloud, whatever the target.")
@json_option
def command(*, manifest: Path, target: str | None, live: bool, rehearse: bool, as_json: bool) -> None:
    """The same plan that `up` runs."""
    with ExitStack() as ending:
        recorder = ending.enter_context(_recorder()) if live else None
        _show(_compiled(manifest, target, rehearse), rehearse, recorder, as_json=as_json)


def _recorder() -> AbstractContextManager[Recorder]:
    """The engine's process, started before the compiler: its imports take longer than compiling."""
    from tfinfra.engine.client import EngineProcess

    return closing(EngineProcess(records=True))


def _show(compiled: Compiled, rehearse: bool, recorder: Recorder | None, *, as_json: bool) -> None:
    """The plan, and with a `recorder` what the cloud says of it. Raises what speaks against it."""
    from tfinfra.cli.output import print_diagnostics, print_document, show
    from tfinfra.compiler.summary.priced import priced

    print_diagnostics(dict.fromkeys([*compiled.diagnostics, *compiled.prices().diagnostics]))
    ask = _asking(compiled, rehearse, recorder) if recorder else None
    price = priced(compiled)
    if not as_json:
        show(*_text(compiled, price))
    answer = ask() if ask else None
    if as_json:
        asked = {"live": answer, "layers": _layers(compiled, answer.may_delete)} if answer else {}
        print_document({**_document(compiled, price), **asked})
    elif answer:
        show(*_live(answer), *_deletion_asked(_layers(compiled, answer.may_delete)))


def _compiled(manifest: Path, target: str | None, rehearse: bool) -> Compiled:
    from tfinfra.compiler.load import load_project
    from tfinfra.compiler.pipeline import compile_manifest

    return compile_manifest(load_project(manifest, target=target, rehearse=rehearse))


def _asking(compiled: Compiled, rehearse: bool, recorder: Recorder) -> Callable[[], LiveAnswer]:
    """What the cloud says, whose warnings are printed: it is reached while the plan is shown."""
    from tfinfra.cli.output import print_diagnostics
    from tfinfra.lifecycle.preflight import plan_live, reach

    cloud = reach(compiled, rehearse)

    def ask() -> LiveAnswer:
        answer = plan_live(compiled, cloud, recorder)
        print_diagnostics(answer.diagnostics)
        return answer

    return ask


def _live(answer: LiveAnswer) -> Iterator[str]:
    width = max((len(line.check) for line in answer.checked), default=0)
    yield f"\nthe {answer.cloud} cloud, asked ({answer.seconds:.1f} s)"
    for line in answer.checked:
        yield f"  {line.check:{width}}  {line.found}"


def _deletion_asked(layers: tuple[Layer, ...]) -> Iterator[str]:
    """Which layers the subscription lets a run have."""
    yield "\ndeletion, by what the cloud says"
    yield from map(_layer, layers)


def _document(compiled: Compiled, price: Priced) -> dict[str, Any]:
    from tfinfra.cli.authoring.plan_price import alternative_prices, price_document
    from tfinfra.compiler.summary.resource_list import resources

    return {
        "plan": compiled.plan,
        "target": compiled.spec.target,
        "resources": resources(compiled.plan),
        "placement": [_placement(compiled.plan, task) for task in compiled.plan.tasks],
        "layers": _layers(compiled),
        "stays_here": secrets_of_source(compiled),
        **price_document(price),
        "alternatives_usd_per_hour": alternative_prices(compiled),
        "diagnostics": compiled.diagnostics,
    }


def _placement(plan: Plan, task: Task) -> dict[str, Any]:
    return {"task": task.name, "node": task.node, "port": plan.base_port + task.slot, "gpus": task.gpus}


def _text(compiled: Compiled, price: Priced) -> Iterator[str]:
    from tfinfra.cli.authoring.plan_price import alternative_lines, limit_lines, price_table

    plan = compiled.plan
    yield from _head(compiled)
    yield "\nresources"
    yield from _resources(plan)
    yield "\nenvironment"
    yield from _environment(plan)
    yield "\ntasks"
    yield from _tasks(plan)
    yield from _data(compiled)
    yield "\ndeletion (each is enough alone)"
    yield from _deletion(compiled)
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
    from tfinfra.compiler.summary.resource_list import resources

    for resource in resources(plan):
        yield f"  {resource.group:8} {resource.what}"


def _environment(plan: Plan) -> Iterator[str]:
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


def _tasks(plan: Plan) -> Iterator[str]:
    tasks = plan.tasks
    width = max(len(task.name) for task in tasks)
    for task in tasks[:_MOST_TASKS]:
        yield f"  {task.name:{width}}  node {task.node}  port {plan.base_port + task.slot}{_gpus(plan, task)}"
    if len(tasks) > _MOST_TASKS:
        yield f"  … and {len(tasks) - _MOST_TASKS} more (--json lists all)"
    yield f"  {tasks[0].name} leads; ports are the ones wanted, the run's inventory has the actual ones"


def secrets_of_source(compiled: Compiled) -> tuple[str, ...]:
    """The names in source_directory that do not travel because they look like secrets. Raises ManifestError."""
    from tfinfra.bundle.source_directory import survey

    return survey(compiled.source_root).secrets


def _data(compiled: Compiled) -> Iterator[str]:
    """Inputs, checkpoints and secrets, where there are any; secrets by name, their values are not even read."""
    from tfinfra.bundle.source_directory import spell_secrets

    plan, stay = compiled.plan, secrets_of_source(compiled)
    if not (plan.inputs or plan.resume_from or plan.secrets or stay):
        return
    yield "\ndata"
    if stay:
        yield f"  source_directory  {spell_secrets(stay)}"
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
        return f"  all {plan.gpus_per_node} GPUs" if plan.gpus_per_node > 1 else "  its GPU"
    return f"  GPUs {', '.join(map(str, task.gpus))}" if task.gpus else "  no GPU"


def _layers(compiled: Compiled, may_delete: bool | None = None) -> tuple[Layer, ...]:
    """`may_delete`: what the subscription says (Prerequisites.may_delete), None where nobody has asked it. The local
    cloud makes the role itself."""
    from tfinfra.lifecycle.end.deletion_layers import deletion_layers

    target, plan = compiled.spec.target, compiled.plan
    may_delete = may_delete is not False if target.cloud == "local" else may_delete
    return deletion_layers(plan.infrastructure.access, plan.node_count, may_delete, target.subscription_id)


def _deletion(compiled: Compiled) -> Iterator[str]:
    yield from map(_layer, _layers(compiled))


def _layer(layer: Layer) -> str:
    return f"  {'on' if layer.on else 'OFF':4}{layer.name:8}{layer.why}"
