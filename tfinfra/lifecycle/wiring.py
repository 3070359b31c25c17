"""The phases' effects as they really are: engine, environment, bundle, ARM and object store of one cloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import cast

from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.azure.prerequisites.find import Prerequisites, require_prerequisites
from tfinfra.cloud import Cloud
from tfinfra.compiler.pipeline import Compiled
from tfinfra.engine.client import EngineProcess
from tfinfra.errors import Diagnostic
from tfinfra.lifecycle.run.effects import BundleSeam, LockSeam, Ports
from tfinfra.model import Access, Infrastructure, NodeRegistration, Plan, Requirements, Target
from tfinfra.money.budget import DELETION_SECONDS
from tfinfra.store import ObjectStore
from tfinfra.store.waiting import GRANT
from tfinfra.system.local_tree import read_tree
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress

STORAGE_SCOPE = "https://storage.azure.com/.default"
STORE_PATIENCE = 15.0
"""Seconds that one call waits for the store; who follows a run goes on asking."""
REMOVAL = 600.0
"""Seconds that one resource may take to go; a scale set with machines takes minutes."""
ENDED = ("stopping", "stopped", "deallocating", "deallocated", "deleting", "failed")
"""States of a machine that will say nothing more."""


def real_ports(cloud: Cloud, clock: Callable[[], float], engine: EngineProcess | None = None) -> Ports:
    """The ports of `cloud`; `engine` is one that was started early, None starts it where it is needed."""
    return Ports(
        cloud=cloud,
        ensure_cli=lambda progress: _ensure_cli(cloud, progress),
        check_source=_check_source,
        make_lock=lambda wanted, progress: _make_lock(cloud, wanted, progress),
        build_environment=lambda lock, progress: _build_environment(cloud, lock, progress),
        build_bundle=lambda plan, source, lock, prebuilt, out, progress: _build_bundle(
            plan, source, lock, prebuilt, out, progress=progress
        ),
        engine=lambda deploy, run, state, progress: (engine or EngineProcess(records=True)).open(
            cloud, deploy, run, state, progress
        ),
        open_store=lambda url: open_run_store(cloud, url),
        delete_group=lambda group, run, progress: _delete_group(cloud, group, run, progress),
        remove=lambda id_, group, run: _remove(cloud, id_, group, run),
        arm_answers=lambda: _arm_answers(cloud),
        known_lack=lambda plan, target, place, tried: _known_lack(cloud, plan, target, place, tried),
        drop_stacks=_drop_stacks,
        running_instances=lambda group: _running_instances(cloud, group),
        deaths=lambda group: _deaths(cloud, group),
        machine_ids=lambda group: _machine_ids(cloud, group),
        attest=lambda node: _attest(cloud, node),
        read_tree=lambda path, progress: read_tree(path, cache_folder() / "inputs.sqlite3", progress),
        groups=lambda: _groups(cloud),
        prerequisites=lambda access: _prerequisites(cloud, access),
        untagged_groups=lambda: _untagged_groups(cloud),
        store_of=lambda group: _store_of(cloud, group),
        share_of=lambda group: _share_of(cloud, group),
        timer_armed=lambda group, workflow: _timer_armed(cloud, group, workflow),
        warm_teardown=_warm_teardown,
        gpu_count=_gpu_count,
        clock=clock,
        preflight=lambda compiled, deploy, run: _preflight(cloud, engine, compiled, deploy, run),
    )


def _ensure_cli(cloud: Cloud, progress: Progress) -> Path:
    """Pulumi's tool, and its provider plugin where the cloud brings none."""
    from tfinfra.engine.tool.toolchain import ensure_cli

    tool = ensure_cli(progress)
    if cloud.provider_command is None:
        from tfinfra.engine.provider.install import ensure_provider

        ensure_provider(progress)
    return tool


def _make_lock(cloud: Cloud, wanted: Requirements, progress: Progress) -> LockSeam:
    from tfinfra.environment.lock import make_lock

    return make_lock(wanted, cloud.node_platform, cache_folder(), progress=progress)


def _check_source(plan: Plan, source: Path) -> None:
    from tfinfra.bundle import check_source

    check_source(plan, source)


def _build_environment(cloud: Cloud, lock: LockSeam, progress: Progress) -> Path | None:
    if cloud.environment_cache is None:
        return None
    from tfinfra.environment.build_environment import ensure_environment
    from tfinfra.environment.lock_file import Lock

    return ensure_environment(cast(Lock, lock), cache_folder(), progress)


def _build_bundle(
    plan: Plan, source: Path, lock: LockSeam, prebuilt: Path | None, out: Path, *, progress: Progress
) -> BundleSeam:
    from tfinfra.bundle import build_bundle
    from tfinfra.environment.lock_file import Lock

    return build_bundle(plan, source, cast(Lock, lock), prebuilt, out, progress=progress)


def open_run_store(cloud: Cloud, url: str) -> ObjectStore:
    """The run's store at `url`, with the caller's own token where it needs one."""
    from tfinfra.store import PatientStore, open_store
    from tfinfra.system.clock import SystemClock

    def token() -> tuple[str, float]:
        access = cloud.credential().get_token(STORAGE_SCOPE)
        return access.token, float(access.expires_on)

    ca = cloud.ca_file.read_text("utf-8") if cloud.ca_file else None
    return PatientStore(open_store(url, token, ca=ca), SystemClock(), STORE_PATIENCE)


def _delete_group(cloud: Cloud, group: str, run: str, progress: Progress) -> None:
    from tfinfra.azure.deletion.delete_group import delete_group

    cloud.ensure()
    delete_group(cloud, group, run, timeout=DELETION_SECONDS, progress=progress)


def _arm_answers(cloud: Cloud) -> bool:
    from tfinfra.azure.clients import answers

    return answers(cloud)


def _remove(cloud: Cloud, id_: str, group: str, run: str) -> None:
    from tfinfra.azure.deletion.removal import remove

    cloud.ensure()
    remove(cloud, id_, group, run, timeout=REMOVAL)


def _known_lack(cloud: Cloud, plan: Plan, target: Target, place: Infrastructure, tried: bool) -> str | None:
    """Nothing where the cloud wants no preflight."""
    if not cloud.preflight:
        return None
    from tfinfra.azure.preflight.capacity_check import known_lack

    return known_lack(cloud, plan, target, place, tried=tried)


def _drop_stacks(stacks: Sequence[str], force: bool) -> dict[str, str]:
    from tfinfra.engine.stack_removal import drop_stacks

    return drop_stacks(stacks, force=force)


def _running_instances(cloud: Cloud, group: str) -> int | None:
    from tfinfra.azure.instances import instances

    cloud.ensure()
    return sum(machine.state not in ENDED for machine in instances(cloud, group))


def _deaths(cloud: Cloud, group: str) -> str:
    from tfinfra.azure.instances import deaths

    return deaths(cloud, group)


def _machine_ids(cloud: Cloud, group: str) -> frozenset[str]:
    from tfinfra.azure.instances import instances

    cloud.ensure()
    return frozenset(machine.vm_id for machine in instances(cloud, group))


def _attest(cloud: Cloud, node: NodeRegistration) -> None:
    """ARM's list has to do where the user said so (TFINFRA_ATTESTATION)."""
    from tfinfra.azure.identity.attested import check

    if cloud.attestation is None:
        return
    check(
        node.attested or "",
        key=node.public_key or "",
        vm_id=node.node_id,
        subscription=cloud.subscription_id,
        trust=cloud.attestation,
        now=datetime.now(timezone.utc),
    )


def _groups(cloud: Cloud) -> tuple[RunGroup, ...]:
    from tfinfra.azure.deletion.groups import list_runs

    cloud.ensure()
    return list_runs(cloud)


def _untagged_groups(cloud: Cloud) -> tuple[str, ...]:
    from tfinfra.azure.deletion.groups import untagged_groups

    return untagged_groups(cloud)


def _store_of(cloud: Cloud, group: str) -> str | None:
    from tfinfra.azure.stores import run_store

    return run_store(cloud, group)


def _share_of(cloud: Cloud, group: str) -> str | None:
    from tfinfra.azure.stores import run_share

    return run_share(cloud, group)


def _prerequisites(cloud: Cloud, access: Access) -> Prerequisites:
    cloud.ensure()
    return require_prerequisites(cloud, access)


def _timer_armed(cloud: Cloud, group: str, workflow: str) -> bool:
    from tfinfra.azure.timer import await_armed

    return await_armed(cloud, group, workflow, timeout=GRANT * cloud.timeouts.register)


def _warm_teardown() -> None:
    from tfinfra.azure.clients import warm

    warm()


def _preflight(
    cloud: Cloud, engine: EngineProcess | None, compiled: Compiled, deploy: Path, run: str
) -> tuple[Diagnostic, ...]:
    """Nothing where the cloud wants no preflight. A provider that is being registered is waited for."""
    if not cloud.preflight:
        return ()
    from tfinfra.lifecycle.preflight import check_registered, refusal

    recorder = engine or EngineProcess()
    try:
        found = check_registered(compiled, cloud, recorder, deploy, run).diagnostics
    finally:
        if engine is None:
            recorder.close()
    refused = refusal(found)
    if refused is not None:
        raise refused
    return found


def _gpu_count() -> int:
    from tfinfra.compiler.load import machine_gpus

    return machine_gpus()
