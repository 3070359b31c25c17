"""What a lock is held against, as it is now: all that can be known of a manifest without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.locking.document import (
    Digest,
    LockedBody,
    LockedData,
    LockedDeploy,
    LockedEngine,
    LockedFile,
    LockedIndexes,
    LockedLaunch,
    LockedSource,
    LockedTarget,
)


@dataclass(frozen=True)
class Now:
    """`keys` is the resolved manifest without hosts of packages; `platforms` are the kinds of machine that its nodes
    may be, `python` the version that it asks for, `asked` the digest of its requirements,
    `indexes` those that its target names. `unlike_commit` are files
    that are not as the lock's commit has them, None where nobody can tell. The rest is as in a lock."""

    tfinfra: str
    keys: Mapping[str, Any]
    manifest: LockedFile
    target: LockedTarget
    source: LockedSource
    platforms: tuple[str, ...]
    python: str
    asked: str
    indexes: LockedIndexes
    deploy: LockedDeploy
    engine: LockedEngine
    image: str
    launch: LockedLaunch
    inputs: Mapping[str, LockedData]
    checkpoints: LockedData | None = None
    unlike_commit: frozenset[str] | None = None


@dataclass(frozen=True)
class Requests:
    """What the program asks of ARM, with placeholders for what a run alone knows: a body for each resource, what nodes
    boot with, what the caller's role has to allow."""

    bodies: tuple[LockedBody, ...]
    custom_data: Digest | None
    role_actions: Digest
