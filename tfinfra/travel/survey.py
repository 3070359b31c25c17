"""Which files of a source directory travel to the nodes, and why others stay behind: what git ignores and
`.tfinfraignore` says, what holds secrets, and what is never code."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from tfinfra.travel.ignore_file import BadIgnoreFile, Line

GIT, OWN = ".gitignore", ".tfinfraignore"
_MOST_LINKS = 40
SECRET, PRIVATE_KEY, OURS = "looks like a secret", "holds a private key", "what tfinfra wrote"
NO_FILE = "is "
"""How a Reason begins that says what is there in the place of a file: a pipe, a socket."""
ONLY_FILES = "only files are copied to the nodes: write what comes out of it into one"
"""The way out of it."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """`name` is relative with '/'; `link` the target of a symbolic link, None of a file; `size` in bytes."""

    name: str
    size: int
    executable: bool
    link: str | None


@dataclass(frozen=True)
class Reason:
    """Why something stays behind: the `line` of an ignore file, or else in words (`what`) what it is."""

    what: str = ""
    line: Line | None = None

    def __str__(self) -> str:
        return str(self.line) if self.line else self.what


@dataclass(frozen=True)
class Obstacle:
    """What would travel and cannot: `name` is relative, and `why` goes on the sentence that it begins."""

    name: str
    why: str


@dataclass(frozen=True)
class Survey:
    """The `files` that travel, sorted by name; what stays behind (`left`), by name, a folder's with a '/' at its end
    and without what is in it; what cannot travel, and the ignore files that cannot be followed."""

    files: tuple[SourceFile, ...] = ()
    left: Mapping[str, Reason] = field(default_factory=dict)
    obstacles: tuple[Obstacle, ...] = ()
    bad_ignore_files: tuple[BadIgnoreFile, ...] = ()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of what travels, and of the folders that it is in."""
        found = {file.name for file in self.files}
        for name in [*found]:
            while (name := name.rpartition("/")[0]) and name not in found:
                found.add(name)
        return frozenset(found)

    @cached_property
    def _links(self) -> Mapping[str, str]:
        return {file.name: file.link for file in self.files if file.link is not None}

    def why_not(self, name: str) -> Reason | None:
        """Why a file or folder stays behind, a folder with all in it, or what a link to it leads to; None where it
        travels, or is not there."""
        for _ in range(_MOST_LINKS):
            parts = name.split("/")
            prefixes = ("/".join(parts[: end + 1]) for end in range(len(parts)))
            link = next((one for one in prefixes if one in self._links), None)
            if link is None:
                break
            name = posixpath.normpath(f"{posixpath.dirname(link)}/{self._links[link]}{name[len(link) :]}".lstrip("/"))
        if name in self.names:
            return None
        above = (f"{parent.as_posix()}/" for parent in PurePosixPath(name).parents if parent.name)
        return next((self.left[one] for one in (name, f"{name}/", *above) if one in self.left), None)
