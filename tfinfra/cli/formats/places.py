"""Where findings are, as code hosts write it: relative to the repository's root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True)
class Repository:
    """The folder `root` that paths are relative to, and the current folder `here`; both absolute, without links."""

    root: Path
    here: Path

    def uri(self, file: str) -> tuple[str, bool]:
        """The URI of a file as messages write it, and whether it is relative to the root; absolute for one outside."""
        path = Path(os.path.normpath(self.here / file))
        path = Path(os.path.realpath(path.parent)) / path.name
        if path.is_relative_to(self.root):
            return quote(os.fsencode(path.relative_to(self.root))), True
        return path.as_uri(), False


def repository_here() -> Repository:
    """The repository that the current folder is in; without one the current folder itself."""
    here = Path(os.path.realpath("."))
    root = next((folder for folder in (here, *here.parents) if os.path.lexists(folder / ".git")), here)
    return Repository(root, here)
