"""Where the azure-native plugin is kept: one folder for all runs, which each run's PULUMI_HOME links to.

The layout is Pulumi's own (pulumi/pulumi, sdk/go/common/workspace/plugins.go):
`<home>/plugins/<kind>-<name>-v<version>/pulumi-<kind>-<name>`. A folder with a `.partial` file beside it is one that
the tool itself did not finish.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tfinfra.arm.azure_native import BINARY, VERSION
from tfinfra.system.paths import cache_folder


def plugins_folder() -> Path:
    """What the runs' `plugins` link to."""
    return cache_folder() / "pulumi" / "plugins"


def provider_folder() -> Path:
    return plugins_folder() / f"resource-azure-native-v{VERSION}"


def find_provider() -> Path | None:
    """The plugin's program, None where it is not installed."""
    folder = provider_folder()
    program = folder / BINARY
    whole = os.access(program, os.X_OK) and not folder.with_name(f"{folder.name}.partial").exists()
    return program if whole else None


def link_plugins(home: Path) -> None:
    """Makes `home`/plugins a link to the shared folder. A folder that holds something stays as it is."""
    link, target = home / "plugins", plugins_folder()
    if link.is_symlink() and link.readlink() == target:
        return
    if link.is_dir() and not link.is_symlink():
        with suppress(OSError):  # not empty: somebody installed plugins there
            link.rmdir()
        if link.exists():
            return
    draft = home / f".plugins-{os.getpid()}"
    draft.unlink(missing_ok=True)
    draft.symlink_to(target, target_is_directory=True)
    draft.replace(link)
