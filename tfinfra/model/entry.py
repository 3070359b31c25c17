"""What `entry_script` says to Python: a file, `train.py`, or a module, `-m trainer.task`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

_MODULE = re.compile(r"-m\s+(.*)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """`name` is a path in the source directory, of a `module` its dotted name."""

    name: str
    module: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What stands behind `python` on the command line."""
        return ("-m", self.name) if self.module else (self.name,)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that may be meant, relative to a folder in which Python looks."""
        path = self.name.replace(".", "/")
        return (f"{path}/__main__.py", f"{path}.py") if self.module else (self.name,)


def entry_of(text: str) -> Entry:
    """The entry of an `entry_script`. Manifests and plans hold the text itself."""
    found = _MODULE.fullmatch(text.strip())
    return Entry(found[1], module=True) if found else Entry(text)


def python_path(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The folders of the source directory, in which tasks start, that PYTHONPATH adds to Python's search path."""
    folders = (posixpath.normpath(part or ".") for part in _parts(variables) if not part.startswith("/"))
    return tuple(folder for folder in folders if folder.split("/")[0] != "..")


def leads_outside(variables: Mapping[str, str]) -> bool:
    """Whether PYTHONPATH has a folder that is not of the source directory."""
    return len(python_path(variables)) < len(_parts(variables))


def _parts(variables: Mapping[str, str]) -> list[str]:
    given = variables.get("PYTHONPATH", "")
    return given.split(":") if given else []
