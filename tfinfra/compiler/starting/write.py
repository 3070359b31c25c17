"""Writes what `init` makes, and never over a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfinfra.compiler.deploy.write import write_tree
from tfinfra.errors import UsageError

IGNORED = ".gitignore"
SCHEMA, TARGETS_SCHEMA = "tfinfra.schema.json", "compute_targets.schema.json"
_FOLDERS = ("runs/", "deploy/")
_IGNORE_TEXT = """\
# What tfinfra makes: results, Pulumi programs (commit deploy/ where `tfinfra compile --check` is to compare it),
# and the schemas by which editors check YAML (`tfinfra schema` prints them)
"""


@dataclass(frozen=True)
class Started:
    """The files that were `written`, and what is to be told of those that were there."""

    written: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def write_new(folder: Path, files: Mapping[str, str], beside: Mapping[str, str]) -> Started:
    """Writes `files` into `folder`, with `beside` and a .gitignore where these are not there yet. Raises UsageError
    where one of `files` exists: none is written then."""
    existing = [str(folder / name) for name in files if os.path.lexists(folder / name)]
    if existing:
        hint = "name an empty folder: tfinfra init FOLDER"
        raise UsageError(f"{' and '.join(existing)} would be overwritten", hint)
    more = {**beside, IGNORED: _IGNORE_TEXT + "".join(f"{name}\n" for name in (*_FOLDERS, SCHEMA, TARGETS_SCHEMA))}
    new = {name: text for name, text in more.items() if not os.path.lexists(folder / name)}
    write_tree({**files, **new}, folder)
    notes = [] if IGNORED in new else _notes(folder, (*_FOLDERS, *beside))
    return Started(tuple(folder / name for name in (*files, *new)), tuple(notes))


def _notes(folder: Path, ignored: Iterable[str]) -> list[str]:
    try:
        lines = {line.strip().strip("/") for line in (folder / IGNORED).read_text("utf-8", "replace").splitlines()}
    except OSError:
        lines = set()
    lacking = [name for name in ignored if name.strip("/") not in lines]
    return [f"{folder / IGNORED} is there: add {', '.join(lacking)}"] if lacking else []
