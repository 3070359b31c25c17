"""The directory that all tasks of the run share: a folder, a bind mount of the local cloud, or the run's NFS share."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tfinfra.agent.errors import NodeFault
from tfinfra.agent.node.paths import Places


def shared_directory(url: str | None, places: Places) -> Path:
    """The run's common directory, the same path on all nodes of a run with several. `url` is NodeSettings.shared.

    Raises NodeFault where the share that the bootstrap mounts is not there.
    """
    if url is None:
        return places.local_shared
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if not os.path.ismount(places.mounted_shared):
        raise NodeFault(f"the run's shared directory {url} is not mounted at {places.mounted_shared}")
    return places.mounted_shared
