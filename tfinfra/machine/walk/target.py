"""`doctor --target`: every step of a run before its first write, asked at once and listed in the order of a run."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from tfinfra.azure.identity.caller import claims
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, NotFeasible, TfinfraError
from tfinfra.lifecycle.end.deletion_layers import Layer, deletion_layers
from tfinfra.lifecycle.preflight import LiveAnswer, Recorder, check_plan, reach, refusal
from tfinfra.machine.walk.account import account_steps, ask_subscription, who
from tfinfra.machine.walk.assumed import WalkedPlan, walked
from tfinfra.machine.walk.network import network_step
from tfinfra.machine.walk.plugin import plugin_step
from tfinfra.machine.walk.steps import NOT_ASKED, Step, asked_steps, exit_code, in_order, missing_steps
from tfinfra.system.threads import spawn

ASKED = ("providers", "permissions", "size", "quota", "image", "names", "policy", "locks")
"""The checks of which the preflight says something in any case."""


@dataclass(frozen=True)
class Checklist:
    """`target` and `cloud` by name; `plan` says for which plan it was asked; `exit_code` what a run would end with
    before its first write, 0 where it would go on; `seconds` that the asking took."""

    target: str
    cloud: str
    plan: str
    steps: tuple[Step, ...]
    exit_code: int
    seconds: float


def walk(target: str | None, manifest: Path | None, recorder: Recorder, *, rehearse: bool = False) -> Checklist:
    """Walks the whole way, and changes nothing. Raises ManifestError where the target or the manifest is wrong."""
    began = time.monotonic()
    found = walked(target, manifest, rehearse=rehearse)
    coming = reach(found.compiled, rehearse)
    where, brought = "local", True
    try:
        cloud = coming.result()
        where, brought = cloud.name, cloud.provider_command is not None
        steps = _asked(found, cloud, recorder)
    except (CredentialsError, NotFeasible) as error:
        if error.cloud is not None:  # it says so where there is no cloud to ask
            where, brought = error.cloud, False
        steps = _refused(found, error)
    ordered = in_order([*steps, plugin_step(brought)])
    seconds = round(time.monotonic() - began, 3)
    name = found.compiled.spec.target.name
    return Checklist(name, where, found.description, ordered, exit_code(ordered), seconds)


def _refused(found: WalkedPlan, error: TfinfraError) -> list[Step]:
    """Where no cloud takes the caller, or none is there: next to nothing can be asked."""
    check, way = ("credential", "az login") if isinstance(error, CredentialsError) else ("endpoint", None)
    refused = Step(check, "not", error.message, error.hint or way, error.exit_code)
    steps = [refused, network_step(None, found.compiled.spec.target.store, os.environ)]
    return [*steps, *missing_steps(("tenant", "subscription", *ASKED, "client", "nodes", "timer"), steps, NOT_ASKED)]


def _asked(found: WalkedPlan, cloud: Cloud, recorder: Recorder) -> list[Step]:
    """What takes a cloud and a credential for it. Raises CredentialsError where there is none."""
    store = found.compiled.spec.target.store
    cloud.ensure()
    caller = claims(cloud)
    subscription = spawn(lambda: ask_subscription(cloud), "subscription")
    network = spawn(lambda: network_step(cloud, store, os.environ), "network")
    live = spawn(lambda: check_plan(found.compiled, cloud, recorder), "preflight")
    account = account_steps(cloud, subscription.result())
    answered = _preflight(live, found)
    if any(step.exit_code == CredentialsError.exit_code for step in account):
        answered = [step for step in answered if step.check != "answers"]  # it says the same in fewer words
    refused = any(step.check == "credential" for step in account)
    credential = () if refused else (Step("credential", "ok", who(caller)),)
    steps = [*credential, *account, *answered, network.result()]
    return [*steps, *missing_steps(("tenant", "subscription", *ASKED), steps, NOT_ASKED)]


def _preflight(live: Future[LiveAnswer], found: WalkedPlan) -> list[Step]:
    plan, subscription = found.compiled.plan, found.compiled.spec.target.subscription_id
    try:
        answer = live.result()
    except CredentialsError as error:
        unasked = deletion_layers(plan.infrastructure.access, plan.node_count, None, subscription)
        return [
            Step("answers", "not", error.message, error.hint, error.exit_code),
            *(_layer(layer, known=False) for layer in unasked),
        ]
    except TfinfraError as error:
        return [Step("answers", "unknown", error.message, error.hint)]
    refusals = {d.code: refusal((d,)) for d in answer.diagnostics if d.is_error}
    exits = {code: error.exit_code for code, error in refusals.items() if error is not None}
    well = {line.check: line.found for line in answer.checked}
    steps = asked_steps(answer.diagnostics, well, exits, subscription)
    layers = deletion_layers(plan.infrastructure.access, plan.node_count, answer.may_delete, subscription)
    return [*steps, *(_layer(layer, known=answer.may_delete is not None) for layer in layers)]


def _layer(layer: Layer, *, known: bool) -> Step:
    if layer.name != "client" and layer.on and not known:
        return Step(layer.name, "unknown", layer.why)
    return Step(layer.name, "ok" if layer.on else "not", layer.why, layer.fix)
