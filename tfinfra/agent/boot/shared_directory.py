"""The directory that all tasks of the run share: a folder, a bind mount of the local cloud, or the run's NFS share."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node_errors import NodeFault
from tfinfra.store.keys import further_run


def shared_of(context: AgentContext) -> Path:
    """The common directory of the context's run: a plan that shares none has its node's own. Raises as
    `shared_directory` does."""
    url = context.settings.shared if context.plan.infrastructure.shared_directory else None
    return shared_directory(url, context.paths)


def shared_directory(url: str | None, paths: NodePaths) -> Path:
    """The run's common directory, the same path on all nodes of a run with several. `url` is NodeSettings.shared.

    Raises NodeFault where the share that the bootstrap mounts is not there.
    """
    if url is None:
        return paths.local_shared
    shared = _of_all_nodes(url, paths)
    return shared / further_run(paths.run) if paths.run else shared


def _of_all_nodes(url: str, paths: NodePaths) -> Path:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if not os.path.ismount(paths.mounted_shared):
        raise NodeFault(f"the run's shared directory {url} is not mounted at {paths.mounted_shared}")
    return paths.mounted_shared
