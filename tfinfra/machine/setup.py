"""Gets a machine ready for runs before the first one: the Pulumi command line tool and the default environments; and a
subscription: the role that deletes a run's groups."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfinfra.errors import TfinfraError, UsageError
from tfinfra.model import Requirements
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress

THIS_MACHINE = ""
"""The platform of an environment that the local cloud's nodes mount."""


@dataclass(frozen=True)
class PluginWish:
    """Where the provider plugin's archive is and what its SHA-256 must be, where the user says so."""

    where: str | None = None
    sha256: str | None = None


def prepare_machine(progress: Progress, wish: PluginWish, *, unchecked: bool = False) -> dict[str, Any]:
    """Installs Pulumi and its provider plugin, and builds the environments of the default versions, with and without
    Horovod. What was made: {"pulumi": path, "provider": path or None, "environments": [path, …]}. Raises TfinfraError;
    not where the plugin cannot be had and `wish` is for none: only runs on Azure need it.
    `unchecked` is ensure_cli's."""
    from tfinfra.engine.tool.toolchain import ensure_cli
    from tfinfra.environment.build_environment import ensure_environment
    from tfinfra.environment.lock import make_lock

    pulumi = ensure_cli(progress, unchecked=unchecked)
    progress(f"Pulumi: {pulumi}")
    provider: str | None = None
    try:
        provider = install_provider(progress, wish)
    except TfinfraError as error:
        if wish != PluginWish():
            raise
        needed = "only runs on Azure need the azure-native plugin; `tfinfra setup azure` and `up` get it then"
        for note in (error.message, needed, error.hint):
            if note:
                progress(f"note: {note}")
    environments: list[str] = []
    for requirements in default_requirements():
        horovod = " with Horovod" if requirements.horovod else ""
        progress(f"the environment of TensorFlow {requirements.framework_version}{horovod}")
        lock = make_lock(requirements, THIS_MACHINE, cache_folder(), progress=progress)
        environments.append(str(ensure_environment(lock, cache_folder(), progress)))
    return {"pulumi": str(pulumi), "provider": provider, "environments": environments}


def prepare_subscription(
    progress: Progress, wish: PluginWish, *, target: str | None = None, subscription: str | None = None
) -> dict[str, Any]:
    """Makes the role by which nodes and timers delete a run's groups, in the subscription of a target or of that id
    (one of the two is given), and installs the provider plugin, unless the cloud brings its own.

    {"role", "id", "made", "provider": path}, without "provider" where none was installed. Raises TfinfraError.
    """
    from tfinfra.azure.prerequisites.group_deleter import make_group_deleter
    from tfinfra.clouds import azure_subscription, cloud_for
    from tfinfra.compiler.named_target import named_target

    if target is not None and subscription is None:
        cloud = cloud_for(named_target(target, Path()), rehearse=False, machines=None)
    elif subscription is not None and target is None:
        cloud = azure_subscription(subscription)
    else:
        raise UsageError("which subscription?", hint="name one by --target T or --subscription ID")
    role = make_group_deleter(cloud)
    what = "made" if role.made else "is there already"
    progress(f"role '{role.role}' {what} in subscription {cloud.subscription_id}")
    if cloud.provider_command is not None:
        return asdict(role)
    return {**asdict(role), "provider": install_provider(progress, wish)}


def install_provider(progress: Progress, wish: PluginWish) -> str:
    """Installs the azure-native plugin, which runs on Azure need; its path. Raises TfinfraError."""
    from tfinfra.engine.provider.install import ensure_provider

    return str(ensure_provider(progress, where=wish.where, sha256=wish.sha256))


def default_requirements() -> tuple[Requirements, ...]:
    """What a manifest without versions and packages of its own is locked from."""
    from tfinfra.manifest.manifest import Manifest

    defaults = Manifest.__dataclass_fields__
    version, python = defaults["framework_version"].default, defaults["python_version"].default
    return tuple(Requirements(str(version), str(python), (), horovod, gpu=False) for horovod in (False, True))
