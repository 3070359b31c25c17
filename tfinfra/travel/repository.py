"""The git repository that a folder belongs to, as far as it says which files are ignored. git itself is not needed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.travel.git_index import tracked_names

_MOST_BYTES = 4096


@dataclass(frozen=True)
class Repository:
    """`root` is the top of its work tree, `common` the folder that its work trees share (info/exclude), `tracked` the
    names that are tracked, relative to `root`, and `above` all folders that these are in."""

    root: Path
    common: Path
    tracked: frozenset[bytes] = field(repr=False)
    above: frozenset[bytes] = field(repr=False)

    @property
    def exclude(self) -> Path:
        return self.common / "info/exclude"


def repository_at(root: Path) -> Repository | None:
    """The repository whose work tree begins at `root`, None where none does: `.git` is its folder or, in a work tree
    or submodule, a file that names it."""
    folder = _git_folder(root)
    if folder is None:
        return None
    shared = _first_line(folder / "commondir")
    tracked = tracked_names(folder)
    return Repository(root, folder / shared if shared else folder, tracked, _folders_of(tracked))


def repository_of(folder: Path) -> Repository | None:
    """The nearest repository at or above `folder`, an absolute path."""
    for root in (folder, *folder.parents):
        if (found := repository_at(root)) is not None:
            return found
    return None


def _git_folder(root: Path) -> Path | None:
    at = root / ".git"
    line = _first_line(at)
    folder = root / line.removeprefix("gitdir:").strip() if line.startswith("gitdir:") else at
    return folder if os.path.isfile(folder / "HEAD") and os.path.isdir(folder) else None  # noqa: PTH112, PTH113  Path's own may raise


def _first_line(file: Path) -> str:
    """The first line of a small file, "" where it cannot be read."""
    if not os.path.isfile(file):  # noqa: PTH113  Path's own may raise
        return ""
    try:
        with file.open("rb") as data:
            return os.fsdecode(data.read(_MOST_BYTES).partition(b"\n")[0])
    except OSError:
        return ""


def _folders_of(names: frozenset[bytes]) -> frozenset[bytes]:
    found: set[bytes] = set()
    for name in names:
        while (name := name.rpartition(b"/")[0]) and name not in found:
            found.add(name)
    return frozenset(found)
