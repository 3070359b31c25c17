"""A folder once more, which takes no room of its own."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def copy_linked(source: Path, target: Path) -> None:
    """Makes `target` the folder that `source` is: hard links of its plain files, copies where the disk has none. What
    was there before goes."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> str:
    with suppress(OSError):
        os.link(source, target, follow_symlinks=False)
        return target
    return str(shutil.copy2(source, target, follow_symlinks=False))
