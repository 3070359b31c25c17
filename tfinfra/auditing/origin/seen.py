"""What the checks of this room look at, out of the evidence. What cannot be read is None, or empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tfinfra.auditing.loosely import mapping, text
from tfinfra.auditing.read_evidence import Evidence
from tfinfra.errors import ManifestError
from tfinfra.evidence import names
from tfinfra.locking.document import ManifestLock
from tfinfra.locking.read import ReadLock, read_lock

SOURCE, BUNDLE, INPUT, CHECKPOINTS = "source", "bundle", "input:", "checkpoints"
"""How the statement names what is no package."""


@dataclass(frozen=True)
class Dependency:
    """What the statement says of one thing that the run was made from: `sha256` is None where it has no one digest."""

    name: str
    sha256: str | None
    commit: str | None
    annotations: Mapping[str, Any]


def read_lock_of(evidence: Evidence) -> ReadLock | None:
    """The lock as it is written, whatever is wrong with it; None where there is none, or no YAML."""
    data = evidence.files.evidence.get(names.LOCK)
    return _read(data) if data is not None else None


def lock_of(evidence: Evidence) -> ManifestLock | None:
    """The lock, where it has the shape of one."""
    read = read_lock_of(evidence)
    return read.lock if read is not None else None


@lru_cache(maxsize=2)
def _read(data: bytes) -> ReadLock | None:
    try:
        return read_lock(data, names.LOCK)
    except ManifestError:
        return None


def dependencies(evidence: Evidence) -> dict[str, Dependency]:
    """By their names, packages by their URLs."""
    described = evidence.statement.dependencies if evidence.statement is not None else ()
    return {each.name: each for each in map(_dependency, described)}


def _dependency(described: Mapping[str, Any]) -> Dependency:
    digest = mapping(described.get("digest"))
    name = text(described.get("name")) or text(described.get("uri"))
    commit = text(digest.get("gitCommit")) or None
    return Dependency(name, text(digest.get("sha256")) or None, commit, mapping(described.get("annotations")))


def is_data(name: str) -> bool:
    """Whether a dependency is something that the run read."""
    return name.startswith(INPUT) or name == CHECKPOINTS


def deploy_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The deploy folder among the files of audit/, by the names in it."""
    prefix = f"{names.DEPLOY}/"
    return {name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)}
