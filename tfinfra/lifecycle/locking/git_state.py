"""What git says of a source directory: the commit that it is at, and which files are not as a commit has them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from pathlib import Path

from tfinfra.locking.document import GitState
from tfinfra.locking.trees import spelt
from tfinfra.system.process.inherited_variables import package_environment

_SECONDS = 20.0
_HARMLESS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
"""A repository's own settings start no program here."""


def git_state(root: Path, names: Collection[str]) -> GitState | None:
    """The state of the files `names` of a source directory; None outside of a repository, and without git."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not commit:
        return None
    found = commit.decode().strip()
    changed = changed_since(root, found, names)
    return GitState(found, dirty=changed is None or bool(changed))


def changed_since(root: Path, commit: str, names: Collection[str]) -> frozenset[str] | None:
    """Those of the files `names` of a source directory that are not as `commit` has them, or that it does not have;
    None where that cannot be told, for there is no such commit, or no git."""
    changed = _git(root, "diff", "--no-ext-diff", "--no-textconv", "--name-only", "--relative", "-z", commit, "--", ".")
    had = _git(root, "ls-tree", "-r", "--name-only", "-z", commit)
    if changed is None or had is None:
        return None
    return (frozenset(names) - _names(had)) | (_names(changed) & frozenset(names))


def _names(listed: bytes) -> frozenset[str]:
    return frozenset(spelt(os.fsdecode(name)) for name in listed.split(b"\0"))


def _git(root: Path, *words: str) -> bytes | None:
    environment = {**package_environment(os.environ), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # as a hook has them, of another work tree perhaps
        environment.pop(name, None)
    try:
        done = subprocess.run(
            ["git", *_HARMLESS, "-C", str(root), *words],
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
