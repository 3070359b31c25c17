"""A lock that lies beside its manifest, and every difference between it and what it is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tfinfra.compiler.load import known_aliases
from tfinfra.compiler.pipeline import Compiled
from tfinfra.compiler.user_paths import exists, read_bounded
from tfinfra.errors import Diagnostic, DifferenceFound, ManifestError
from tfinfra.lifecycle.locking.as_it_is import as_it_is
from tfinfra.lifecycle.locking.blob_listings import Lister, listings_as_locked
from tfinfra.lifecycle.locking.index_refusal import index_refused_here
from tfinfra.lifecycle.locking.known_requests import requests_of
from tfinfra.locking.compare import differences, request_differences
from tfinfra.locking.document import ManifestLock
from tfinfra.locking.read import LIMITS, ReadLock, is_lock, read_lock
from tfinfra.locking.trees import spelt
from tfinfra.manifest.key_schema import LOCK_ENDING
from tfinfra.system.local_tree import Trust
from tfinfra.system.progress import Progress
from tfinfra.travel.git_state import changed_since

_AGAIN = "`tfinfra lock {}` writes it"


def manifest_of(path: Path) -> Path:
    """The manifest that a path means: of a lock, the one that it names, which lies beside it. Raises ManifestError for
    a lock that cannot be read, DifferenceFound for one whose manifest is gone."""
    if not is_lock(path.name):
        return path
    read = load_lock(path)
    stem = path.name.removesuffix(LOCK_ENDING)
    names = [read.lock.manifest.path] if read.lock is not None else [f"{stem}.yaml", f"{stem}.yml"]
    found = next((path.with_name(name) for name in names if "/" not in name and exists(path.with_name(name))), None)
    if found is None:
        message = f"the manifest of '{path}' is not beside it: {names[0]}"
        raise DifferenceFound(message, "put it there, or lock the manifest that you have")
    return found


def load_lock(path: Path) -> ReadLock:
    """The lock in a file. Raises ManifestError where it cannot be read."""
    try:
        data = read_bounded(path, LIMITS.bytes)
    except OSError as error:
        raise ManifestError(f"cannot read '{path}': {error.strerror}", "`tfinfra lock` writes it anew") from error
    return read_lock(b"\0" * (LIMITS.bytes + 1) if data is None else data, str(path))


def check_lock(
    compiled: Compiled,
    manifest: Path | None,
    path: Path,
    *,
    folder: Path,
    full: bool,
    progress: Progress,
    lister: Lister | None = None,
) -> tuple[ManifestLock, ReadLock]:
    """The lock at `path` of a manifest, or of arguments where that is None, which is as these and all that lies around
    them are; and the same as it was read, once. `full`: inputs are read, however their times are; `lister` tells of
    those at URLs, None asks nobody. Raises DifferenceFound with each difference at its line, or where there is no lock;
    ManifestError for what cannot be read, ProvisioningError for a program that cannot be run."""
    if not exists(path):
        beside = f"'{manifest}' is not locked: there is no '{path.name}' beside it"
        raise DifferenceFound(
            beside if manifest else f"there is no lock '{path}'", _AGAIN.format(manifest or "MANIFEST")
        )
    read = _read_or_differ(lambda: load_lock(path))
    found = differences_of(compiled, manifest, read, folder=folder, full=full, progress=progress, lister=lister)
    if found or read.lock is None:
        raise difference(path, found)
    return read.lock, read


def differences_of(
    compiled: Compiled,
    manifest: Path | None,
    read: ReadLock,
    *,
    folder: Path,
    full: bool,
    progress: Progress,
    lister: Lister | None = None,
) -> tuple[Diagnostic, ...]:
    """Every difference between a lock and its manifest, None for arguments, which stand for its file. What ARM is asked
    is looked at last, where nothing else differs. Raises ManifestError for what cannot be read, ProvisioningError for a
    program that cannot be run."""
    trust = Trust.NOTHING if full else Trust.ALL_TIMES
    with index_refused_here(compiled):
        now = as_it_is(compiled, manifest, known_aliases(), folder=folder, trust=trust, progress=progress)
    if manifest is None and read.lock is not None:
        now = replace(now, manifest=read.lock.manifest)
    if lister is not None and read.lock is not None:
        now = listings_as_locked(now, read.lock, lister)
    git = read.lock.source.git if read.lock else None
    if git is not None and not git.dirty:
        unlike = changed_since(compiled.source_root, git.commit, compiled.travels)
        now = replace(now, unlike_commit=frozenset(map(spelt, unlike)) if unlike is not None else None)
    found = differences(read, compiled.manifest.document, now)
    if found:
        return found
    requests = requests_of(compiled, progress, anew=full)
    if requests is None:
        progress("what ARM is asked was not compared: that needs tfinfra[run]")
        return ()
    return request_differences(read, compiled.manifest.document, now, requests)


def difference(path: Path, found: tuple[Diagnostic, ...]) -> DifferenceFound:
    """The error that says how a lock differs."""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return DifferenceFound(f"{path.name}: {found[0].message}{more}", found[0].hint, found)


def _read_or_differ(read: Callable[[], ReadLock]) -> ReadLock:
    """A lock that is no YAML, or that says something twice, differs from any that was written."""
    try:
        found = read()
    except ManifestError as error:
        raise DifferenceFound(error.message, error.hint, error.diagnostics) from error
    return found
