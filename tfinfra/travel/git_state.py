"""What git says of a source directory: the commit that it is at, and which files are not as a commit has them.

git lists what a commit has, and the files are hashed here: `git diff` would run the filters that a repository's own
settings name, and believes an index in which a file can be marked as unchanged."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from tfinfra.model.git_state import GitState
from tfinfra.system.process.inherited_variables import package_environment
from tfinfra.travel.line_ends import LineEnds
from tfinfra.travel.survey import SourceFile, Survey

_SECONDS = 20.0
_HARMLESS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
"""A repository's own settings start no program here."""
_ALONE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_NO_REPLACE_OBJECTS": "1"}
"""git asks nobody for what a partial clone lacks, and no object stands for another."""
_SHA1, _SHA256 = 40, 64


def git_state(root: Path, travels: Survey) -> GitState | None:
    """The state of what travels of a source directory; None outside of a repository, and without git."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not commit:
        return None
    found = commit.decode().strip()
    changed = changed_since(root, found, travels)
    return GitState(found, dirty=changed is None or bool(changed))


def changed_since(root: Path, commit: str, travels: Survey) -> frozenset[str] | None:
    """The names of what travels and is not byte for byte as `commit` has it, but for the ends of lines that git writes
    (so what a filter made, as of LFS, is not); None where that cannot be told, for there is no such commit, or no
    git."""
    listed = _git(root, "ls-tree", "-r", "-z", commit)
    if listed is None:
        return None
    ends, had = LineEnds(root, travels.names), _entries(listed)
    return frozenset(file.name for file in travels.files if not _is_as(had.get(file.name), root, file, ends))


def _entries(listed: bytes) -> dict[str, tuple[str, str]]:
    """{name: (mode, blob's id)} of what `git ls-tree` lists: "<mode> <type> <id>\\t<name>\\0"."""
    found = {}
    for entry in listed.split(b"\0"):
        about, tab, name = entry.partition(b"\t")
        if tab:
            mode, _, blob = about.decode().split(" ")
            found[os.fsdecode(name)] = (mode, blob)
    return found


def _is_as(entry: tuple[str, str] | None, root: Path, file: SourceFile, ends: LineEnds) -> bool:
    mode = "120000" if file.link is not None else "100755" if file.executable else "100644"
    if entry is None or entry[0] != mode:
        return False
    blob, path = entry[1], root / file.name
    try:
        data = os.fsencode(path.readlink()) if file.link is not None else path.read_bytes()
    except OSError:
        return False
    return blob == _blob(data, len(blob)) or (
        file.link is None and blob == _blob(ends.unified(file.name, data), len(blob))
    )


def _blob(data: bytes, digits: int) -> str | None:
    """The id of a blob in a repository whose ids have so many digits."""
    text = b"blob %d\0" % len(data) + data
    if digits == _SHA1:
        return hashlib.sha1(text, usedforsecurity=False).hexdigest()
    return hashlib.sha256(text).hexdigest() if digits == _SHA256 else None


def _git(root: Path, *words: str) -> bytes | None:
    environment = {**package_environment(os.environ), **_ALONE, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
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
