"""What git says of a source directory, as locks and evidence hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfinfra.model.shapes import matching

Commit = Annotated[str, matching(r"[0-9a-f]{40}([0-9a-f]{24})?", "a git commit's id")]


@dataclass(frozen=True)
class GitState:
    """The commit that the source directory was at. `dirty`: a file that travels was not as the commit has it."""

    commit: Commit
    dirty: bool
