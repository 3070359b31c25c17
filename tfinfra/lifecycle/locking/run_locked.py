"""A run that is held against its lock, before anything is touched: what it is made of is what the lock holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tfinfra.compiler.deploy.write import LIST, differences
from tfinfra.compiler.pipeline import Compiled
from tfinfra.environment.lock_file import Lock
from tfinfra.errors import DifferenceFound
from tfinfra.lifecycle.data.staging import CHECKPOINTS
from tfinfra.lifecycle.locking.blob_listings import lister_of
from tfinfra.lifecycle.locking.check import check_lock
from tfinfra.lifecycle.locking.exports import sources_here
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.locking.document import ManifestLock
from tfinfra.locking.environment import environment_lock, installed_of
from tfinfra.model import Image, Locked
from tfinfra.system.progress import Progress


def hold_against_lock(
    compiled: Compiled,
    manifest: Path | None,
    lock_file: Path,
    *,
    folder: Path,
    deploy: Path | None,
    progress: Progress,
) -> HeldLock:
    """The lock in `lock_file` of a manifest, or of arguments where that is None, its environment with the indexes of
    this machine. `folder` is where ./runs is, `deploy` the deploy folder, None where whoever asks compares it. Raises
    DifferenceFound where there is no lock, or where anything differs from it; ManifestError for an index's alias that
    is not known here."""
    lister = lister_of(compiled)
    lock, read = check_lock(compiled, manifest, lock_file, folder=folder, full=False, progress=progress, lister=lister)
    if deploy is not None and os.path.lexists(deploy / LIST):
        refuse_other_folder(compiled.tree, deploy)
    progress(f"held against {Path(read.document.file).name}, {lock.digest}")
    environment = environment_lock(lock.environment, sources_here(read))
    given = {**lock.inputs, **({CHECKPOINTS: lock.checkpoints} if lock.checkpoints else {})}
    return HeldLock(
        text=read.data.decode("utf-8", errors="replace"),
        digest=lock.digest,
        environment=environment,
        nodes=_of_nodes(lock, environment, compiled.plan.infrastructure.image),
        source=lock.source.files,
        inputs={name: data.sha256 for name, data in given.items() if data.sha256 is not None},
    )


def refuse_other_folder(tree: Mapping[str, str], deploy: Path) -> None:
    """Raises DifferenceFound where a deploy folder is not `tree`, which is what its lock holds."""
    if found := differences(tree, deploy):
        lines = "".join(f"\n  {line}" for line in found)
        hint = "`tfinfra compile` writes it anew, over changes made by hand"
        raise DifferenceFound(f"deploy/{deploy.name} is not what the lock holds:{lines}", hint)


def _of_nodes(lock: ManifestLock, environment: Lock, image: Image) -> Locked:
    """What the lock says of the nodes. No image is held against one that its maker renames or renews."""
    installed = lock.environment.installed
    return Locked(
        digest=lock.digest.removeprefix("sha256:"),
        environment=environment.key,
        python=environment.python_version,
        image=None if image.newest else image,
        installed=installed_of(installed) if installed else None,
    )
