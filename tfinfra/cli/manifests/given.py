"""The manifests of a command line: files, those in folders, and `-` for the one on stdin, each once."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.compiler.user_paths import is_folder, real
from tfinfra.errors import TfinfraError, UsageError
from tfinfra.system.process.streams import stdin_came_closed

if TYPE_CHECKING:
    from tfinfra.compiler.project import Project

STDIN, SHOWN_STDIN = "-", "<stdin>"
"""How a command line names it, and how messages do."""


@dataclass(frozen=True)
class Given:
    """One manifest: `shown` is how the user named it, `path` its file (None: stdin). Of a folder in which there is none
    that can be looked at, `fault` says why. `sought`: a folder was named, and this is one of those in it."""

    shown: str
    path: Path | None = None
    fault: TfinfraError | None = None
    sought: bool = False

    def load(self, *, target: str | None = None, rehearse: bool = False, guardrails: Path | None = None) -> Project:
        """The manifest with all that belongs to it; `guardrails` is the caller's own file of them. Raises
        ManifestError where one of them cannot be read, and its fault."""
        from tfinfra.compiler.load import load_project, project_of_text

        if self.fault is not None:
            raise self.fault
        if self.path is not None:
            return load_project(self.path, target=target, rehearse=rehearse, guardrails=guardrails)
        return project_of_text(
            _stdin(), file=SHOWN_STDIN, folder=Path(), target=target, rehearse=rehearse, guardrails=guardrails
        )


@dataclass(frozen=True)
class Chosen:
    """The manifests, in the order of the command line, a folder's by their paths. `alone`: one was named, as a file or
    as stdin, so that the verb has one document and one end."""

    manifests: tuple[Given, ...]
    alone: bool


def chosen_manifests(words: Iterable[Path]) -> Chosen:
    """The manifests that these words name."""
    found: dict[str, Given] = {}
    alone = True
    for path in words:
        if str(path) == STDIN:
            found.setdefault(STDIN, Given(SHOWN_STDIN))
        elif is_folder(path):
            alone = False
            found |= {key: given for key, given in _inside(path).items() if key not in found}
        else:
            found.setdefault(str(place_of(path)), Given(str(path), path))
    return Chosen(tuple(found.values()), alone and len(found) == 1)


def _inside(folder: Path) -> dict[str, Given]:
    from tfinfra.compiler.find_manifests import find_manifests

    try:
        return {str(place_of(path)): Given(str(path), path, sought=True) for path in find_manifests(folder)}
    except UsageError as fault:
        return {str(place_of(folder)): Given(str(folder), folder, fault)}


def place_of(path: Path) -> Path:
    """The file, whatever the way to its folder. A link is a manifest of its own: the run is called as it is."""
    return real(path.parent) / path.name


def _stdin() -> bytes:
    from tfinfra.cli.output import progress
    from tfinfra.manifest.reading.reader import MOST_BYTES

    if stdin_came_closed() or sys.stdin is None or sys.stdin.closed:
        raise UsageError("stdin is closed: there is no manifest to read", "name the manifest's file")
    if sys.stdin.isatty():
        progress("reading the manifest from the terminal; Ctrl-D ends it")
    return sys.stdin.buffer.read(MOST_BYTES + 1)
