"""A task's working directory: a copy of the source, with ./outputs and ./logs leading to the common directory."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from tfinfra.store.keys import OUTPUT_FOLDERS
from tfinfra.system.process.commands import finished

_LINKS = ("outputs", "logs")
_log = logging.getLogger(__name__)


def make_common(shared: Path) -> None:
    """The tasks' common directories; any node may be the first."""
    for folder in OUTPUT_FOLDERS:
        (shared / folder).mkdir(parents=True, exist_ok=True)


def make_workspace(source: Path, work: Path, shared: Path, *, last: bool = False) -> None:
    """Copies `source` to `work`, which is not there yet; for the `last` one the source itself becomes it, as that of
    many files takes long to copy. The source's own top-level outputs and logs stay behind. Raises OSError."""
    hidden = [name for name in _LINKS if (source / name).exists()]
    if hidden:
        _log.warning("the source's own %s is replaced by the run's", " and ".join(hidden))
    if not (last and _moved(source, work)):
        copy_folder(source, work)
    for name in hidden:
        _remove(work / name)
    for name in _LINKS:
        (work / name).symlink_to(shared / name)


def _moved(source: Path, work: Path) -> bool:
    if source.is_symlink():  # somebody else's folder
        return False
    work.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(work)
    except OSError:  # they may lie on different disks
        return False
    return True


def copy_folder(source: Path, work: Path) -> None:
    """Copies `source` to `work`, which is not there yet, by the machine's own cp, where it has one, for of
    100,000 files Python makes a copy in twice the time. Raises OSError."""
    cp = shutil.which("cp")
    if cp is None:
        shutil.copytree(source, work, symlinks=True)
        return
    work.mkdir(parents=True)
    done = finished([cp, "-a", f"{source}/.", work])
    if done.returncode:
        raise OSError(f"the source cannot be copied: {done.stderr.strip()[-400:]}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
