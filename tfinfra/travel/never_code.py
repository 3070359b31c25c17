"""Folders that hold nothing of the user's code, whatever their names: version control, environments, packages of other
programs, and what tfinfra itself has written."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

VERSION_CONTROL = frozenset({b".git", b".hg", b".svn", b".jj"})
"""A folder, or in work trees and submodules a file."""
PYTHON, BYTECODE = "a Python environment", "bytecode"
_BY_NAME = {
    "__pycache__": BYTECODE,
    "node_modules": "Node.js packages",
    ".tox": PYTHON,
    ".nox": PYTHON,
    ".pixi": PYTHON,
    "__pypackages__": PYTHON,
    "site-packages": PYTHON,
    "dist-packages": PYTHON,
}
_INTERPRETER = re.compile(rb"python[0-9.]*(\.exe)?")
_DEPLOY, _RUNS = "deploy", "runs"
_DEPLOY_LIST, _RUN_DOCUMENT = ".tfinfra-files.json", "run.json"
_HEAD = 4096


def by_name(name: str) -> str | None:
    """What a folder is known to be by its name alone, None for one that may be anything."""
    return _BY_NAME.get(name)


def by_content(names: Collection[bytes]) -> str | None:
    """What a folder is by the names in it: a virtual environment, one of conda, or what is left of one."""
    if b"pyvenv.cfg" in names or b"conda-meta" in names:
        return PYTHON
    if (b"activate" in names or b"activate.bat" in names) and any(map(_INTERPRETER.fullmatch, names)):
        return PYTHON
    return None


def is_tfinfras(folder: Path, names: Collection[bytes]) -> bool:
    """Whether tfinfra wrote the folder: deploy/<name> with the list of what a compile wrote, runs/<run> with a run's
    document. Others of these names are their users'."""
    if folder.parent.name == _DEPLOY:
        return _DEPLOY_LIST.encode() in names
    return folder.parent.name == _RUNS and _RUN_DOCUMENT.encode() in names and _is_run(folder)


def holds_runs(folder: Path, names: Collection[bytes]) -> bool:
    """Whether a folder is the one that tfinfra brings runs home to: then files directly in it are no code either, but
    what somebody laid beside the runs: keys to audit them by, reports. One with modules is its users' own."""
    if folder.name != _RUNS or any(name.endswith(b".py") for name in names):
        return False
    return any(_is_run(folder / os.fsdecode(name)) for name in sorted(names))


def _is_run(folder: Path) -> bool:
    try:
        with (folder / _RUN_DOCUMENT).open("rb") as data:
            return b'"tfinfra"' in data.read(_HEAD)
    except (OSError, ValueError):
        return False
