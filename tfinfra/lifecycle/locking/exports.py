"""A lock's packages for other tools, out of the file that lies beside a manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tfinfra.compiler.load import known_aliases
from tfinfra.compiler.lock_beside import lock_beside
from tfinfra.compiler.user_paths import exists
from tfinfra.errors import DifferenceFound, ManifestError, NotFeasible
from tfinfra.lifecycle.locking.check import difference, load_lock
from tfinfra.locking import exports
from tfinfra.locking.aliases import FILE, UnknownAlias, sources_of
from tfinfra.locking.document import ManifestLock
from tfinfra.locking.environment import environment_lock, exact_lines
from tfinfra.locking.read import ReadLock
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.document import error_at
from tfinfra.manifest.key_schema import LOCK
from tfinfra.model import PackageSources
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress


def exported(manifest: Path, form: str, progress: Progress) -> str:
    """The text of the form "requirements", "cyclonedx" or "pylock". Raises DifferenceFound where there is no lock, or
    one that was changed, ManifestError for an alias that nobody knows, NotFeasible for a file that its index lost."""
    path = lock_beside(manifest)
    if not exists(path):
        raise DifferenceFound(f"'{manifest}' is not locked: there is no '{path.name}'", f"`tfinfra lock {manifest}`")
    read = load_lock(path)
    if read.lock is None or read.found:
        raise difference(path, read.found)
    if read.is_stale:
        raise DifferenceFound(f"'{path}' was changed after it was written", f"`tfinfra lock {manifest}` writes it anew")
    if form == "requirements":
        return exports.requirements(read.lock)
    if form == "cyclonedx":
        return exports.cyclonedx(read.lock, str(read.document.data.get("name") or manifest.stem))
    return _pylock(read.lock, sources_here(read), progress)


def sources_here(read: ReadLock) -> PackageSources:
    """Where the lock's packages come from on this machine. Raises ManifestError for an alias that nobody knows."""
    assert read.lock is not None  # noqa: S101  whoever asks has looked
    try:
        return sources_of(read.lock.environment.indexes, known_aliases())
    except UnknownAlias as unknown:
        message = f"no index is known by the alias '{unknown.alias}'"
        hint = f"write `{unknown.alias}: https://…` into {FILE} in your configuration folder"
        at = (LOCK, "environment", "indexes")
        raise refusal((error_at(read.document, "TFI913", at, message, hint),)) from unknown


def _pylock(lock: ManifestLock, sources: PackageSources, progress: Progress) -> str:
    from tfinfra.environment.lock import exact_request
    from tfinfra.environment.uv.package_files import package_files

    held = environment_lock(lock.environment, sources)
    uv, request = exact_request(held, held.packages, cache_folder(), progress)
    try:
        return exports.pylock(lock, package_files(uv, replace(request, lines=exact_lines(held.packages))))
    except exports.Gone as gone:
        message = f"the index does not have the locked file of {gone.package} any more"
        raise NotFeasible(message, "`tfinfra lock --upgrade` takes what it has") from gone
    except ManifestError as error:
        raise NotFeasible(error.message, error.hint) from error
