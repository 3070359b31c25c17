"""The phases' effects as they really are: engine, environment, bundle, ARM and object store of one cloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from tfinfra.cloud import Cloud
from tfinfra.lifecycle.engine_process import EngineProcess
from tfinfra.lifecycle.ports import BundleSeam, LockSeam, Ports, Progress
from tfinfra.lifecycle.runs import RunGroup
from tfinfra.model import Plan, Requirements
from tfinfra.paths import cache_folder
from tfinfra.store import ObjectStore

STORAGE_SCOPE = "https://storage.azure.com/.default"
GROUP_GONE_SECONDS = 1800.0
ENDED = ("stopping", "stopped", "deallocating", "deallocated", "deleting", "failed")
"""States of a machine that will say nothing more."""


def real_ports(cloud: Cloud, clock: Callable[[], float], engine: EngineProcess | None = None) -> Ports:
    """The ports of `cloud`; `engine` is one that was started early, None starts it where it is needed."""
    return Ports(
        cloud=cloud,
        ensure_cli=_ensure_cli,
        check_source=_check_source,
        make_lock=lambda wanted, progress: _make_lock(cloud, wanted, progress),
        build_environment=lambda lock, progress: _build_environment(cloud, lock, progress),
        build_bundle=lambda plan, source, lock, prebuilt, out, progress: _build_bundle(
            plan, source, lock, prebuilt, out, progress=progress
        ),
        engine=lambda deploy, run, state, progress: (engine or EngineProcess()).open(
            cloud, deploy, run, state, progress
        ),
        open_store=lambda url: open_run_store(cloud, url),
        delete_group=lambda group, run, progress: _delete_group(cloud, group, run, progress),
        drop_stacks=_drop_stacks,
        running_instances=lambda group: _running_instances(cloud, group),
        groups=lambda: _groups(cloud),
        strangers=lambda: _strangers(cloud),
        store_of=lambda group: _store_of(cloud, group),
        timer_armed=lambda group, workflow: _timer_armed(cloud, group, workflow),
        warm_teardown=_warm_teardown,
        gpu_count=_gpu_count,
        clock=clock,
    )


def _ensure_cli(progress: Progress) -> Path:
    from tfinfra.engine.toolchain import ensure_cli

    return ensure_cli(progress)


def _make_lock(cloud: Cloud, wanted: Requirements, progress: Progress) -> LockSeam:
    from tfinfra.environment.lock import make_lock

    return make_lock(wanted, cloud.node_platform, cache_folder(), progress=progress)


def _check_source(plan: Plan, source: Path) -> None:
    from tfinfra.bundle import check_source

    check_source(plan, source)


def _build_environment(cloud: Cloud, lock: LockSeam, progress: Progress) -> Path | None:
    if cloud.environment_cache is None:
        return None
    from tfinfra.environment.build import ensure_environment
    from tfinfra.environment.lock import Lock

    return ensure_environment(cast(Lock, lock), cache_folder(), progress)


def _build_bundle(
    plan: Plan, source: Path, lock: LockSeam, prebuilt: Path | None, out: Path, *, progress: Progress
) -> BundleSeam:
    from tfinfra.bundle import build_bundle
    from tfinfra.environment.lock import Lock

    return build_bundle(plan, source, cast(Lock, lock), prebuilt, out, progress=progress)


def open_run_store(cloud: Cloud, url: str) -> ObjectStore:
    """The run's store at `url`, with the caller's own token where it needs one."""
    from tfinfra.store import open_store

    def token() -> tuple[str, float]:
        access = cloud.credential().get_token(STORAGE_SCOPE)
        return access.token, float(access.expires_on)

    return open_store(url, token)


def _delete_group(cloud: Cloud, group: str, run: str, progress: Progress) -> None:
    from tfinfra.azure.teardown import delete_group

    cloud.ensure()
    delete_group(cloud, group, run, timeout=GROUP_GONE_SECONDS, progress=progress)


def _drop_stacks(stacks: Sequence[str], force: bool) -> dict[str, str]:
    from tfinfra.engine.backend import drop_stacks

    return drop_stacks(stacks, force=force)


def _running_instances(cloud: Cloud, group: str) -> int | None:
    from tfinfra.azure.teardown import instances

    cloud.ensure()
    return sum(machine.state not in ENDED for machine in instances(cloud, group))


def _groups(cloud: Cloud) -> tuple[RunGroup, ...]:
    from tfinfra.azure.teardown import list_runs

    cloud.ensure()
    return tuple(RunGroup(g.name, g.run, g.expires_at, g.owner) for g in list_runs(cloud))


def _strangers(cloud: Cloud) -> tuple[str, ...]:
    from tfinfra.azure.teardown import strangers

    return strangers(cloud)


def _store_of(cloud: Cloud, group: str) -> str | None:
    from tfinfra.azure.stores import run_store

    return run_store(cloud, group)


def _timer_armed(cloud: Cloud, group: str, workflow: str) -> bool:
    from tfinfra.azure.timer import await_armed

    return await_armed(cloud, group, workflow, timeout=cloud.timeouts.register)


def _warm_teardown() -> None:
    from tfinfra.azure.teardown import warm

    warm()


def _gpu_count() -> int:
    from tfinfra.compiler.load import machine_gpus

    return machine_gpus()
