"""Brings to a run's store what its nodes need, between the two stacks that somebody else makes: `tfinfra push`. Read
`push` for the order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import ManifestError, UsageError
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.find_run import named_ports
from tfinfra.lifecycle.attach.resume_from import checkpoints_to_resume
from tfinfra.lifecycle.data.staging import Given, Stage, refuse_unmountable, stage
from tfinfra.lifecycle.data.transfer import needs_key, refuse_elsewhere
from tfinfra.lifecycle.evidence.origin import origin_of
from tfinfra.lifecycle.provision import stack_config
from tfinfra.lifecycle.provision.environment_needs import requirements_on
from tfinfra.lifecycle.provision.first_record import begun
from tfinfra.lifecycle.provision.module_check import check_modules
from tfinfra.lifecycle.push.deploy_folder import compiled_again, compiled_as_locked, refuse_without_client
from tfinfra.lifecycle.push.guarded import heed_live_runs, heed_policy, tell_of
from tfinfra.lifecycle.push.stack_files import KeepStack, compute_stack_file, keep_stack
from tfinfra.lifecycle.record import names
from tfinfra.lifecycle.record.in_store import published
from tfinfra.lifecycle.record.run_record import Attempt, RunPhase, RunRecord, run_folder
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.options import HeldLock, UpOptions
from tfinfra.lifecycle.run.still_locked import refuse_other_inputs, refuse_other_source
from tfinfra.model import to_json
from tfinfra.model.spec import limit_key
from tfinfra.money.budget import FREE, Burn, deadline
from tfinfra.store import encode, holds, keys
from tfinfra.store.waiting import await_store
from tfinfra.system.clock import iso_time, unix_time
from tfinfra.system.local_tree import LocalTree, read_tree
from tfinfra.system.paths import cache_folder, state_folder
from tfinfra.system.progress import Progress
from tfinfra.travel.git_state import git_state

if TYPE_CHECKING:
    from tfinfra.bundle import Bundle
    from tfinfra.environment.lock_file import Lock

PATIENCE = 60.0
"""Seconds that the store may take to answer: its keep stack may be a minute old."""


@dataclass(frozen=True)
class PushedRun:
    """What was brought where: `store` is a URL, `bundle` the key in it, `lock` the environment's key; `stack_file` is
    the compute stack's configuration, `inputs` the names of those that the nodes will find."""

    run: str
    store: str
    bundle: str
    sha256: str
    lock: str
    stack_file: str
    inputs: tuple[str, ...]


def push(
    deploy: Path,
    run: str,
    asked: CloudOptions,
    tell: Progress,
    *,
    base: Path | None = None,
    guardrails: Path | None = None,
    lock_file: Path | None = None,
) -> PushedRun:
    """Packs the code and the lock, uploads them and the inputs to the store of `run`, and writes the compute stack's
    configuration into the deploy folder. May be repeated until there are nodes. `base` is the manifest's folder,
    `guardrails` the caller's own file of them; `lock_file` is what all of it is held against.

    Raises UsageError where the run is not one that waits for this, ManifestError, NotFeasible, DifferenceFound,
    ProvisioningError, CredentialsError.
    """
    held: HeldLock | None = None
    if lock_file is not None:
        compiled, held = compiled_as_locked(deploy, lock_file, guardrails, asked.target, tell)
    else:
        compiled = compiled_again(deploy, base, guardrails, asked.target)
    plan, stack = compiled.plan, _own_stack(compiled, deploy, run)
    tell_of(compiled.diagnostics, tell)
    heed_policy(compiled, deploy, tell)
    ports = named_ports(_in_stack(asked, stack), tell)
    _refuse_deadline(compiled, ports, stack)
    _refuse_unready(ports, run, names.group_name(run, names.compute_part(stack.choice)))
    heed_live_runs(compiled, ports.cloud, tell)
    prerequisites = ports.arm.prerequisites(plan.infrastructure.access)
    keep = ports.arm.keep_outputs(run, names.group_name(run, "keep"), plan.infrastructure.access)
    url = names.store_url(keep, prerequisites, run)
    store = ports.open_store(url)
    await_store(store, timeout=PATIENCE)
    if holds(store, keys.INVENTORY):
        raise UsageError(f"the nodes of {run} have met already", hint="another run id is another run")
    with TemporaryDirectory(prefix="tfinfra-") as scratch:
        lock, bundle = _packed(compiled, ports, held, Path(scratch), tell)
        git = git_state(compiled.source_root, compiled.travels)  # of what was packed, not of what is saved meanwhile
        tell(f"uploading {bundle.path.stat().st_size / 1e6:.1f} MB to {url}")
        store.put_file(bundle.key, bundle.path)
        trees = _bring_inputs(
            compiled, ports, keep, prerequisites, run=run, held=held, scratch=Path(scratch), tell=tell
        )
        origin = origin_of(bundle, lock, compiled.tree, trees, held=held, git=git)
        store.put(keys.ORIGIN, encode(origin))
    record = _record(compiled, ports, stack, run, url=url, keep=keep, environment=lock.key)
    published.publish(store, record, plan)
    sent, locked = (bundle.key, bundle.sha256), held.nodes if held else None
    node = stack_config.node_settings(record, ports.cloud, keep, prerequisites, bundle=sent, locked=locked)
    own = {"nodeSettings": json.dumps(to_json(node)), "identityId": keep["identityId"]}
    timer = {"timerIdentityId": keep["timerIdentityId"]} if keep["timerIdentityId"] else {}
    file = compute_stack_file(stack, {**own, **timer})
    inputs = tuple(one.name for one in plan.inputs)
    return PushedRun(run, url, bundle.key, bundle.sha256, lock.key, str(file), inputs)


def _own_stack(compiled: Compiled, deploy: Path, run: str) -> KeepStack:
    """The keep stack of the run. Raises ManifestError for nodes that need a client which stays, UsageError."""
    refuse_without_client(compiled)
    if needs_key(compiled.plan):
        message = "nodes of an identity or a store that runs share take their orders from a client that stays"
        raise ManifestError(message, hint="`tfinfra up` is one")
    return keep_stack(deploy, run, 1 + len(compiled.plan.alternatives))


def _in_stack(asked: CloudOptions, stack: KeepStack) -> CloudOptions:
    """Where to look: as asked, else where the keep stack is configured to be."""
    return replace(asked, subscription=stack.subscription) if asked.nothing and stack.subscription else asked


def _refuse_deadline(compiled: Compiled, ports: Ports, stack: KeepStack) -> None:
    """Raises UsageError for a deadline that has passed, or is later than the manifest's limits allow."""
    given, now = unix_time(stack.own("deadline")), ports.clock()
    end = deadline(compiled.plan.limits, _burn(compiled, ports), now)
    if given <= now:
        raise UsageError(f"the deadline in {stack.file} has passed", hint="give both stacks a later one")
    if given > end.at:
        message = f"the deadline in {stack.file} is later than {limit_key(end.limit)} allows: {iso_time(end.at)}"
        raise UsageError(message, hint="give both stacks an earlier one: `pulumi up` of the keep stack tells its timer")


def _burn(compiled: Compiled, ports: Ports) -> Burn:
    """US dollars an hour at list price, nothing where nothing is charged."""
    if not ports.cloud.charges:
        return FREE
    from tfinfra.compiler.cost import burn_of, dearest_lines

    return burn_of(dearest_lines(compiled.plan, compiled.spec.target, compiled.prices().book))


def _refuse_unready(ports: Ports, run: str, compute: str) -> None:
    """Raises UsageError where the run's keep group is not there yet, its nodes are, or tfinfra itself drives it."""
    if run_folder(state_folder(), run).read() is not None:
        raise UsageError(f"{run} is a run that `tfinfra up` began: it has all that it needs", hint="choose another id")
    there = {group.name for group in ports.arm.groups() if group.run == run}
    if names.group_name(run, "keep") not in there:
        hint = f"`pulumi up` of the stack {run}-keep makes it; --subscription or --cloud says where to look"
        raise UsageError(
            f"there is no group {names.group_name(run, 'keep')} on the {ports.cloud.name} cloud", hint=hint
        )
    if compute in there:
        hint = f"`pulumi destroy` of the stack {run}-compute deletes it"
        raise UsageError(f"{compute} is there already: its nodes would not hear of another bundle", hint=hint)


def _packed(
    compiled: Compiled, ports: Ports, held: HeldLock | None, scratch: Path, tell: Progress
) -> tuple[Lock, Bundle]:
    """The environment's lock, and the bundle that holds it. Raises DifferenceFound where that is not what is locked."""
    from tfinfra.bundle import Source

    workshop, plan = ports.workshop, compiled.plan
    requirements = requirements_on(ports.cloud, plan, rehearse=_rehearses(compiled, ports), tell=tell)
    lock = held.environment if held else workshop.lock(requirements, tell)
    prebuilt = workshop.environment(lock, tell)
    for warning in check_modules(compiled, lock, workshop, tell, built=prebuilt):
        tell(f"warning: {warning.in_a_line}")
    source = Source(compiled.source_root, compiled.travels.files)
    bundle = workshop.bundle(plan, source, lock, prebuilt, out=scratch / "bundle.tar.gz")
    if held is not None:
        refuse_other_source(held, compiled.source_root, compiled.travels.names, bundle.source)
    return lock, bundle


def _rehearses(compiled: Compiled, ports: Ports) -> bool:
    """Whether it is this machine's cloud that stands for the target's."""
    return ports.cloud.name == "local" and compiled.spec.target.cloud != "local"


def _bring_inputs(
    compiled: Compiled,
    ports: Ports,
    keep: Mapping[str, Any],
    prerequisites: Prerequisites,
    *,
    run: str,
    held: HeldLock | None,
    scratch: Path,
    tell: Progress,
) -> Mapping[str, LocalTree]:
    """Uploads what is local, and tells the nodes where all of it is; what is local, by name. Raises DifferenceFound
    where that is not what is locked."""
    plan = compiled.plan
    if not plan.inputs and not plan.resume_from:
        return {}
    refuse_elsewhere(plan, ports.cloud)
    given = Given({}, compiled.data, checkpoints_to_resume(compiled, Path.cwd(), scratch))
    trees: dict[str, LocalTree] = {
        name: read_tree(path, cache_folder() / "inputs.sqlite3", tell) for name, path in given.paths.items()
    }
    refuse_unmountable(compiled, trees)
    if held is not None:
        refuse_other_inputs(held, trees)
    url, own = names.inputs_url(keep, prerequisites, run), names.store_url(keep, prerequisites, run)
    where = Stage(ports.open_store(url), url, names.identity_client_id(keep, prerequisites))
    sources = stage(plan, trees, where, tell)
    ports.open_store(own).put(keys.DATA, json.dumps(to_json(sources)).encode())
    return trees


def _record(
    compiled: Compiled,
    ports: Ports,
    stack: KeepStack,
    run: str,
    *,
    url: str,
    keep: Mapping[str, Any],
    environment: str,
) -> RunRecord:
    """What the run's store tells other machines of it: a run that nobody drives, until the stacks' own deadline."""
    from tfinfra.clouds import machines_of

    plan, target, now = compiled.plan, compiled.spec.target, ports.clock()
    end = unix_time(stack.own("deadline"))
    options = UpOptions(
        Path.cwd(), letters=run[-6:], detach=True, machines=machines_of(ports.cloud), burn=_burn(compiled, ports)
    )
    options = replace(options, rehearse=_rehearses(compiled, ports))
    _, record = begun(plan, target, options, ports.cloud, now, environment=environment)
    group = names.group_name(run, names.compute_part(stack.choice))
    place = (plan.infrastructure, *plan.alternatives)[stack.choice]
    return replace(
        record,
        run=run,
        owner=stack.own("owner"),
        keep_group=names.group_name(run, "keep"),
        compute_group=group,
        deadline=iso_time(end),
        keep_until=stack.own("expiresAt") or iso_time(end + plan.limits.keep_outputs),
        run_seconds=int(end - now),
        attempts=(Attempt(group, place.location, place.vm_size),),
        store=url,
        shared=names.shared_url(keep),
        phase=RunPhase.RUNNING,
        detached=True,
        client=None,
        backend=None,  # the stacks are not ours to drop
    )
