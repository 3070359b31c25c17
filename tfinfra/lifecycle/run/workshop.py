"""What is made on this machine before a run can have nodes: tools, lock, training environment, bundle. Each comes
out of the cache where it is there already, and imports much where it is not."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.cloud import Cloud
from tfinfra.model import Plan, Requirements
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress

if TYPE_CHECKING:
    from tfinfra.bundle import Bundle, Source
    from tfinfra.environment.installed_modules import InstalledModules
    from tfinfra.environment.lock_file import Lock


class Workshop:
    """For the nodes of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def ensure_tools(self, progress: Progress) -> None:
        """Pulumi's command line tool, and its azure-native plugin where the cloud brings none."""
        from tfinfra.engine.tool.toolchain import ensure_cli

        ensure_cli(progress)
        if self._cloud.provider_command is None:
            from tfinfra.engine.provider.install import ensure_provider

            ensure_provider(progress)

    def lock(self, requirements: Requirements, progress: Progress) -> Lock:
        """The exact packages of the training environment."""
        from tfinfra.environment.lock import make_lock

        return make_lock(requirements, self._cloud.node_platform, cache_folder(), progress=progress)

    def modules(self, lock: Lock, built: Path | None) -> InstalledModules | None:
        """What the environment of `lock` holds, which is in the folder `built` or was built before; None where neither
        is there, or each node builds its own."""
        if self._cloud.environment_cache is None:
            return None
        from tfinfra.environment.installed_modules import installed_modules
        from tfinfra.environment.whole_environment import is_whole

        folder = built or cache_folder() / "environments" / lock.key
        return installed_modules(folder) if is_whole(folder) else None

    def modules_of_wheels(self, lock: Lock, names: Collection[str], progress: Progress) -> InstalledModules | None:
        """What these packages of `lock` hold, None where that cannot be had."""
        from tfinfra.environment.unknown_wheels import modules_of_wheels

        return modules_of_wheels(lock, names, cache_folder(), progress)

    def environment(self, lock: Lock, progress: Progress) -> Path | None:
        """The folder that nodes mount, None where each node builds its own."""
        if self._cloud.environment_cache is None:
            return None
        from tfinfra.environment.build_environment import ensure_environment

        return ensure_environment(lock, cache_folder(), progress)

    def bundle(self, plan: Plan, source: Source, lock: Lock, prebuilt: Path | None, *, out: Path) -> Bundle:
        """What the nodes fetch, written to `out`."""
        from tfinfra.bundle import build_bundle

        return build_bundle(plan, source, lock, prebuilt, out)
