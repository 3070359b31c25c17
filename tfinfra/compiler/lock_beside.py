"""The lock that lies beside a manifest, as far as a guardrail looks: whether there is one, of this manifest, unchanged
since it was written. Everything else that a lock holds compares `tfinfra lock --check`."""

from __future__ import annotations

from pathlib import Path

from tfinfra.compiler.user_paths import exists, read_bounded
from tfinfra.errors import ManifestError
from tfinfra.locking.canonical import text_digest
from tfinfra.locking.read import LIMITS, ReadLock, is_lock, lock_name, read_lock
from tfinfra.manifest.reading.limits import PAGE


def lock_beside(manifest: Path) -> Path:
    """Where the lock of a manifest is, or would be."""
    return manifest.with_name(lock_name(manifest.name))


def why_unlocked(manifest: Path) -> str:
    """Why a manifest does not count as locked, as a sentence; "" where it does. A lock counts itself."""
    path = manifest if is_lock(manifest.name) else lock_beside(manifest)
    if not exists(path):
        return "this manifest is not locked"
    try:
        read = read_lock(read_bounded(path, LIMITS.bytes) or b"", str(path))
        text = read_bounded(manifest, PAGE.bytes) or b""
    except (OSError, ManifestError):
        return f"its lock, {path.name}, cannot be read"
    if read.lock is None or read.found:
        return f"its lock, {path.name}, is not as tfinfra writes it"
    if read.is_stale:
        return f"its lock, {path.name}, was changed after it was written"
    return "" if path == manifest or _is_of(read, text) else f"it is not as it was locked in {path.name}"


def _is_of(read: ReadLock, text: bytes) -> bool:
    return read.lock is not None and read.lock.manifest.sha256 == text_digest(text)
