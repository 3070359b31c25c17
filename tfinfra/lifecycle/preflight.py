"""The preflight of a compiled manifest: what its stacks would ask, what ARM says of it, with the lines at fault."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tfinfra.cloud import Cloud
from tfinfra.compiler.facts import AtLaunch
from tfinfra.compiler.lines.file_order import in_file_order
from tfinfra.compiler.lines.plan_lines import plan_diagnostic
from tfinfra.compiler.pipeline import Compiled, check_launch
from tfinfra.errors import (
    Diagnostic,
    NotFeasible,
    ProvisioningError,
    Severity,
    TfinfraError,
    turned_to,
)
from tfinfra.lifecycle.provision import stack_config
from tfinfra.lifecycle.provision.first_record import first_record
from tfinfra.lifecycle.record import names
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.manifest import codes
from tfinfra.system.clock import right_now
from tfinfra.system.threads import spawn
from tfinfra.text.wording import spell_seconds

if TYPE_CHECKING:
    from tfinfra.arm.requests import ResourceRequest
    from tfinfra.azure.preflight.all_checks import PassedCheck
    from tfinfra.azure.prerequisites.find import Prerequisites

_UNANSWERED = "TFI623"
BEING_REGISTERED = "TFI635"
REGISTERING = 180.0
"""Seconds for which a provider that is being registered is waited for: it takes "a minute or two"
(learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider)."""


class Recorder(Protocol):
    def record(
        self, deploy: Path, run: str, part: str, config: Mapping[str, str], caller: Mapping[str, str]
    ) -> dict[str, Any]:
        """{"requests", "outputs"} of one part of the program in `deploy`. Raises ProvisioningError."""


@dataclass(frozen=True)
class LiveAnswer:
    """What `cloud` says: `diagnostics` in file order; `checked` what was asked and is well; `seconds` that
    it took; `may_delete` as Prerequisites has it, None where it was not asked."""

    cloud: str
    diagnostics: tuple[Diagnostic, ...]
    checked: tuple[PassedCheck, ...]
    seconds: float
    may_delete: bool | None = None


def check_live(compiled: Compiled, cloud: Cloud, recorder: Recorder, deploy: Path, options: UpOptions) -> LiveAnswer:
    """Asks `cloud` of the plan whose deploy folder is `deploy`, as a run with these options. Raises
    CredentialsError."""
    from tfinfra.azure.preflight.all_checks import PassedCheck, preflight
    from tfinfra.azure.preflight.finding import Finding
    from tfinfra.azure.prerequisites.find import find_prerequisites
    from tfinfra.azure.prerequisites.questions import NotAnswered
    from tfinfra.lifecycle.live_guardrails import live_breaches

    began, lacking = time.monotonic(), list[Finding]()
    asked: list[Prerequisites | None] = []

    def record() -> tuple[ResourceRequest, ...]:
        prerequisites, lacks = find_prerequisites(cloud, compiled.plan.infrastructure.access)
        known = all(lack.key != "subscription_id" for lack in lacks)  # else nothing is known of its roles
        asked.append(prerequisites if known else None)
        for lack in lacks:
            if isinstance(lack, NotAnswered):
                code = _UNANSWERED
            else:
                code = "TFI616" if lack.denied and lack.key == "subscription_id" else "TFI626"
            lacking.append(Finding(code, lack.key, lack.message, lack.hint))
        if prerequisites.deletes_all:  # an identity that the scripts of all runs have
            name = str(compiled.plan.infrastructure.access.identity_id).rpartition("/")[2]
            message = f"{name} may delete every resource group of the subscription, and so may the script of each run"
            hint = "take that role from it: since the timer deletes by an identity of its own, no run needs it"
            lacking.append(Finding("TFI640", "identity_id", message, hint, severity=Severity.WARNING))
        run = names.run_id(compiled.plan.name, options.letters)
        return _requests(compiled, cloud, prerequisites, options, partial(recorder.record, deploy, run))

    found = preflight(cloud, compiled.plan, compiled.spec.target, record)
    diagnostics = [
        plan_diagnostic(compiled.facts, f.code, f.key, f.message, f.hint, severity=f.severity)
        for f in (*found.findings, *lacking)
    ]
    live = live_breaches(compiled, cloud)
    ordered = in_file_order(compiled.facts.project, [*diagnostics, *live.found])
    checked = (*found.checked, *(PassedCheck("live runs", line) for line in live.told))
    seconds, may_delete = round(time.monotonic() - began, 3), asked[0].may_delete if asked and asked[0] else None
    return LiveAnswer(cloud.name, ordered, checked, seconds, may_delete)


def check_registered(
    compiled: Compiled, cloud: Cloud, recorder: Recorder, deploy: Path, options: UpOptions
) -> LiveAnswer:
    """As `check_live`, again and again while a provider is being registered, for REGISTERING. Raises CredentialsError,
    NotFeasible."""
    until = time.monotonic() + REGISTERING
    while True:
        answer = check_live(compiled, cloud, recorder, deploy, options)
        waited_for = [d for d in answer.diagnostics if d.code == BEING_REGISTERED]
        if not waited_for or refusal(answer.diagnostics) is not None:
            return answer
        if time.monotonic() > until:
            message = f"{waited_for[0].message}: not within {spell_seconds(REGISTERING)}"
            raise NotFeasible(message, hint="try again later", diagnostics=answer.diagnostics)
        time.sleep(2 * cloud.pace.poll)


def check_run(
    compiled: Compiled, cloud: Cloud, recorder: Recorder, deploy: Path, options: UpOptions
) -> tuple[Diagnostic, ...]:
    """The warnings of `check_registered`. Raises what speaks against the run besides."""
    found = check_registered(compiled, cloud, recorder, deploy, options).diagnostics
    refused = refusal(found)
    if refused is not None:
        raise refused
    return found


def reach(compiled: Compiled, rehearse: bool) -> Future[Cloud]:
    """The target's cloud (in a rehearsal this machine's), on its way: a credential or a daemon may take a second, in
    which the client that will ask is imported. It is refused as a run's would be."""
    from tfinfra.azure.clients import warm
    from tfinfra.clouds import cloud_to_provision

    def find() -> Cloud:
        refuse_without_subscription(compiled, rehearse)
        return cloud_to_provision(compiled.spec.target, rehearse, None, None)

    warm()
    return spawn(find, "cloud")


def refuse_without_subscription(compiled: Compiled, rehearse: bool) -> None:
    """Raises ManifestError, at the target's line, where it is on Azure and does not say in which subscription."""
    check_launch(compiled.facts, AtLaunch(provisions=not rehearse))


def check_plan(compiled: Compiled, cloud: Cloud, recorder: Recorder) -> LiveAnswer:
    """As `check_live`, of a plan that is not run yet."""
    from tfinfra.compiler.deploy.write import write_tree

    with tempfile.TemporaryDirectory(prefix="tfinfra-") as folder:
        write_tree(compiled.tree, Path(folder))
        return check_live(compiled, cloud, recorder, Path(folder), UpOptions(Path(folder), own_state=Path(folder)))


def plan_live(compiled: Compiled, cloud: Future[Cloud], recorder: Recorder) -> LiveAnswer:
    """As `check_plan`. Raises what speaks against the plan, and why there is no cloud."""
    target = cloud.result()
    with turned_to(target.name):
        answer = check_plan(compiled, target, recorder)
        refused = refusal(answer.diagnostics)
        if refused is not None:
            raise refused
    return answer


def refusal(diagnostics: Iterable[Diagnostic]) -> TfinfraError | None:
    """The exception for what speaks against the run, None where only warnings do. A fault of the target goes before
    what the subscription lacks: the exit code says what has to change first. Where ARM does not answer, it is
    not known whether anything has to."""
    found = tuple(diagnostics)
    errors = [d for d in found if d.is_error]
    if not errors:
        return None
    refused = codes.refusal(found)
    if {d.code for d in errors} == {_UNANSWERED}:
        return ProvisioningError(refused.message, refused.hint, found)
    return refused


def _requests(
    compiled: Compiled,
    cloud: Cloud,
    prerequisites: Prerequisites,
    options: UpOptions,
    record_part: Callable[..., dict[str, Any]],
) -> tuple[ResourceRequest, ...]:
    """What both stacks will ask of ARM, the keep stack's first; what is not known yet is stood in for."""
    from tfinfra.arm.requests import ResourceRequest
    from tfinfra.azure.identity.caller import object_id

    caller = {"subscription": cloud.subscription_id, "principal": object_id(cloud)}
    record = first_record(compiled.plan, compiled.spec.target, options, cloud, right_now())
    keep = record_part("keep", stack_config.stack_config(record, "keep", prerequisites, cloud), caller)
    config = stack_config.config_without_bundle(record, keep["outputs"], prerequisites, cloud)
    compute = record_part("compute", config, caller)
    return tuple(ResourceRequest(**document) for part in (keep, compute) for document in part["requests"])
