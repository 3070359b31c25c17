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
from tfinfra.locking.read import LIMITS, ReadLock, is_lock, lock_name, read_lock
from tfinfra.locking.trees import spelt
from tfinfra.manifest.document import error_at
from tfinfra.manifest.key_schema import LOCK, LOCK_ENDING
from tfinfra.system.local_tree import Trust
from tfinfra.system.progress import Progress
from tfinfra.travel.git_state import changed_since

_AGAIN = "`tfinfra lock {}` writes it"
_OF_MANIFEST = (LOCK, "manifest", "path")


def manifest_of(path: Path) -> Path:
    """The manifest that a path means: of a lock, the one beside it that has this very file as its lock. What a lock
    itself says of that is only what it is compared for. Raises ManifestError for a lock that cannot be read where no
    manifest is beside it, DifferenceFound for one whose manifest is gone, or that is called like none's lock."""
    if not is_lock(path.name):
        return path
    stem = path.name.removesuffix(LOCK_ENDING)
    usual = [name for name in (f"{stem}.yaml", f"{stem}.yml") if exists(path.with_name(name))]
    try:
        read = load_lock(path)
    except ManifestError:
        if not usual:
            raise
        return path.with_name(usual[0])
    named = read.lock.manifest.path if read.lock is not None else ""
    if named in usual or (not usual and lock_name(named) == path.name and exists(path.with_name(named))):
        return path.with_name(named)
    if usual:
        return path.with_name(usual[0])
    raise _without_manifest(path, read, named or f"{stem}.yaml")


def _without_manifest(path: Path, read: ReadLock, named: str) -> DifferenceFound:
    own = lock_name(named)
    if read.lock is None or own == path.name:
        message = f"the manifest of '{path}' is not beside it: {named}"
        return DifferenceFound(message, "put it there, or lock the manifest that you have", read.found)
    message = f"'{path.name}' is not called like the lock of '{named}', which is '{own}'"
    hint = f"name '{own}', or lock the manifest that you have"
    return DifferenceFound(message, hint, (error_at(read.document, "TFI903", _OF_MANIFEST, message, hint),))


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
