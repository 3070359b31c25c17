"""The environment that every call of the Pulumi tool gets."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tfinfra.engine.provider.plugin_folder import link_plugins
from tfinfra.system.process.commands import finished
from tfinfra.system.process.inherited_variables import without_passphrase


def tool_variables(state: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The tool's own variables: everything in `state`, nothing asked, nothing fetched; the user's backend wins."""
    home, backend = state / "home", state / "backend"
    for made in (home, backend):
        made.mkdir(parents=True, exist_ok=True)
    link_plugins(home)
    variables = {
        "PULUMI_BACKEND_URL": environ.get("PULUMI_BACKEND_URL") or backend.as_uri(),
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",  # one on PATH may be of any version, and nobody has seen its hash
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        # A run's stacks are small and the tool lives for a second: collecting garbage is a third of its work
        "GOGC": environ.get("GOGC", "off"),
        "GOMEMLIMIT": environ.get("GOMEMLIMIT", "512MiB"),
    }
    if "PULUMI_CONFIG_PASSPHRASE_FILE" not in environ:
        # Nothing secret is in a run's stacks; the tool insists on a passphrase, and an empty one is one
        variables["PULUMI_CONFIG_PASSPHRASE"] = environ.get("PULUMI_CONFIG_PASSPHRASE", "")
    return {**variables, **_who(home, environ)}


def _who(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Go's os/user asks these two for a user whom /etc/passwd does not have, as in many a container, and the tool ends
    without them."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return {"USER": environ.get("USER") or f"uid-{os.getuid()}", "HOME": environ.get("HOME") or str(home)}
    return {}


def tool_version(command: str) -> str | None:
    """What the tool says of itself, without the v; None where it says nothing."""
    environment = {**without_passphrase(os.environ), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        said = finished(
            [command, "version"],
            timeout=30,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip().removeprefix("v")
