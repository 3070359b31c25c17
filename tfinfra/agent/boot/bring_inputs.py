"""The run's inputs on this node: fetched, or mounted, before any task starts; read-only where that is possible."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tfinfra.agent.boot.fetch_files import READER, Check, OpenStore, fetch, fetch_fault, local_folder, shown
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node_errors import NodeFault
from tfinfra.model import DataSource
from tfinfra.store import store_errors
from tfinfra.system.process.commands import finished
from tfinfra.system.strange_trees import names_below

_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=240")  # a first boot's own upgrades may hold the lock
_COMMAND_SECONDS = 600
_log = logging.getLogger(__name__)


class _MountFault(NodeFault):
    """blobfuse2 did not mount, or shows nothing; what it says of a missing right is not always clear."""


def bring_inputs(
    sources: Mapping[str, DataSource], paths: NodePaths, open_store: OpenStore, client_id: str, check: Check
) -> dict[str, Path]:
    """The path of each input on this node. Raises NodeFault where one cannot be had, and what `check` raises."""
    brought = {}
    for name, source in sources.items():
        where = paths.inputs / name
        _log.info("input '%s': %s %s", name, source.mode, shown(source))
        try:
            brought[name] = _bring(source, where, open_store, check, own_mounts=paths.own_mounts)
        except _MountFault as fault:
            needs = f"the nodes' identity (client id {client_id}) needs the role '{READER}' on its account"
            raise NodeFault(f"input '{name}': {shown(source)} cannot be mounted: {fault.message}; {needs}") from fault
        except store_errors() as error:
            raise fetch_fault(error, source, f"input '{name}'", client_id) from error
        _log.info("input '%s' is at %s", name, brought[name])
    return brought


def _bring(source: DataSource, where: Path, open_store: OpenStore, check: Check, *, own_mounts: bool) -> Path:
    if source.blobfuse is not None:
        if not own_mounts:
            raise NodeFault(f"{shown(source)} cannot be mounted: this machine is a process, and has the host's mounts")
        _mount_blob(source.blobfuse, where)
    elif source.folder is not None and (own_mounts or source.mode == "mount"):
        # Nothing is copied, and the path is that of the folder itself, for tools that stop at a link. A machine with
        # mounts of its own has the folder read-only; nothing keeps a task of one that is a process from writing.
        folder = local_folder(source.folder)
        where.parent.mkdir(parents=True, exist_ok=True)
        where.symlink_to(folder)
        where = folder
    else:
        fetched = fetch(source, where, open_store, check)
        for name in names_below(where):  # folders stay writable: else nobody could delete the node's
            (where / name).chmod(0o444)
        return fetched.only or where
    return where / source.file if source.file else where


def _mount_blob(configuration: str, where: Path) -> None:
    """Mounts a container by blobfuse2 and the node's identity; its package comes with the image or from apt
    (learn.microsoft.com/azure/storage/blobs/blobfuse2-how-to-deploy)."""
    where.mkdir(parents=True, exist_ok=True)
    file = where.with_name(f".{where.name}.yaml")
    file.write_text(configuration, "utf-8")
    if not shutil.which("blobfuse2"):
        _install_blobfuse()
    if (error := _run("blobfuse2", "mount", str(where), f"--config-file={file}", "--read-only")) is not None:
        raise _MountFault(error)
    if not any(where.iterdir()):
        raise _MountFault("there is nothing there, or it is one blob and no folder")


def _install_blobfuse() -> None:
    """Ubuntu's own package source does not have it: the image must know Microsoft's."""
    update = (*_APT, "update")
    if (error := _run(*update)) is not None:
        raise NodeFault(f"`{' '.join(update)}` failed: {error}")
    if (error := _run(*_APT, "install", "--yes", "--no-install-recommends", "fuse3", "blobfuse2")) is not None:
        way_out = "take an image that has it, or knows Microsoft's package source; mode: download needs neither"
        raise NodeFault(f"blobfuse2 is not in the image, and apt cannot install it ({error}): {way_out}")


def _run(*line: str) -> str | None:
    """None where the command succeeded, else the last of what it said."""
    try:
        done = finished(
            line,
            timeout=_COMMAND_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else f"exit status {done.returncode}: {done.stderr.strip()[-400:]}"
