"""A task's working directory: a copy of the source, with ./outputs and ./logs leading to the common directory."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from tfinfra.store.keys import OUTPUT_FOLDERS

_LINKS = ("outputs", "logs")
_log = logging.getLogger(__name__)


def make_common(shared: Path) -> None:
    """The tasks' common directories; any node may be the first."""
    for folder in OUTPUT_FOLDERS:
        (shared / folder).mkdir(parents=True, exist_ok=True)


def make_workspace(source: Path, work: Path, shared: Path) -> None:
    """Copies `source` to `work`, which is not there yet. The source's own top-level outputs and logs stay behind."""
    hidden = [name for name in _LINKS if (source / name).exists()]
    if hidden:
        _log.warning("the source's own %s is replaced by the run's", " and ".join(hidden))
    ignored = {str(source): set(hidden)}
    shutil.copytree(source, work, symlinks=True, ignore=lambda folder, _: ignored.get(folder, set()))
    for name in _LINKS:
        (work / name).symlink_to(shared / name)
