"""Whether the training environment is as it was, without reading it again: what a trial changes there, the next one on
its node would run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tfinfra.agent.evidence.proofs import failed, named, verified
from tfinfra.model import NodeCheck
from tfinfra.system.strange_trees import names_below

Stamps = Mapping[str, tuple[int, int, int]]
"""Of each file below a folder: its inode, its size in bytes, when its content last changed (ns). Not when its inode
did, which another environment that shares the file by a link changes too."""
_BYTECODE = "__pycache__"
"""Python makes that anew, for another level of optimisation for example."""


def stamps_of(environment: Path) -> Stamps:
    """Raises OSError where something cannot be looked at."""
    return dict(_stamps(environment))


def check_unchanged(environment: Path, before: Stamps) -> NodeCheck:
    """The check `environment` of what was held against the lock when it had the stamps `before`."""
    try:
        now = stamps_of(environment)
    except OSError as error:
        return failed("environment", f"it cannot be read any more: {error.strerror}")
    wrong = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return failed("environment", f"changed by an earlier trial: {named(wrong)}") if wrong else verified("environment")


def _stamps(environment: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for name in names_below(environment, lambda folder: folder != _BYTECODE):
        found = os.lstat(f"{environment}/{name}")  # of 100,000 names Path takes as long again
        yield name, (found.st_ino, found.st_size, found.st_mtime_ns)
