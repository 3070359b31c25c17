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

    pulumi = ensure_cli(progress, unchecked=unchecked)
    progress(f"Pulumi: {pulumi}")
    provider = _tried(progress) if wish == PluginWish() else install_provider(progress, wish)
    environments = [_environment(wanted, progress) for wanted in default_requirements()]
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


def _tried(progress: Progress) -> str | None:
    """The plugin, None where it cannot be had."""
    try:
        return install_provider(progress, PluginWish())
    except TfinfraError as error:
        progress(f"note: {error.message}")
        progress("note: only runs on Azure need the azure-native plugin; `tfinfra setup azure` and `up` get it then")
        if error.hint:
            progress(f"note: {error.hint}")
        return None


def default_requirements() -> tuple[Requirements, ...]:
    """What a manifest without versions and packages of its own is locked from."""
    from tfinfra.manifest.manifest import Manifest

    defaults = Manifest.__dataclass_fields__
    version, python = defaults["framework_version"].default, defaults["python_version"].default
    return tuple(Requirements(str(version), str(python), (), horovod, gpu=False) for horovod in (False, True))


def _environment(wanted: Requirements, progress: Progress) -> str:
    from tfinfra.environment.build_environment import ensure_environment
    from tfinfra.environment.lock import make_lock

    what = f"TensorFlow {wanted.framework_version}" + (" with Horovod" if wanted.horovod else "")
    progress(f"the environment of {what}")
    lock = make_lock(wanted, THIS_MACHINE, cache_folder(), progress=progress)
    return str(ensure_environment(lock, cache_folder(), progress))
