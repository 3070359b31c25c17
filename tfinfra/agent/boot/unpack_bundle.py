"""The bundle of a further run on this node: fetched and unpacked as the bootstrap did with the first one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node_errors import NodeFault
from tfinfra.errors import first_line
from tfinfra.model import Plan, from_json
from tfinfra.store import store_errors
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.process.commands import finished


def unpack_bundle(context: AgentContext) -> Plan:
    """Unpacks the bundle that the settings name; the plan in it. Raises NodeFault where it cannot be fetched, or is
    another one."""
    settings, paths = context.settings, context.paths
    archive = paths.state / "bundle.tar.gz"
    errors: tuple[type[Exception], ...] = (*store_errors(), OSError, ValueError)
    try:
        context.store.get_file(settings.bundle, archive)
        digest = sha256_of(archive)
        if digest != settings.bundle_sha256:
            raise NodeFault(f"the bundle's SHA-256 is {digest}, not {settings.bundle_sha256}")
        shutil.rmtree(paths.bundle, ignore_errors=True)
        paths.bundle.mkdir(parents=True)
        command: list[str | Path] = ["tar", "-xzf", archive, "-C", paths.bundle, "--no-same-owner"]
        done = finished(command, env={**os.environ, "LC_ALL": "C.UTF-8"})  # names stay the bytes they are
        if done.returncode:
            raise NodeFault(f"the bundle of {settings.run} cannot be unpacked: {done.stderr.strip()[-400:]}")
        return from_json(Plan, json.loads((paths.bundle / "plan.json").read_text("utf-8")))
    except errors as error:
        raise NodeFault(f"the bundle of {settings.run} cannot be unpacked: {first_line(error)}") from error
    finally:
        archive.unlink(missing_ok=True)
