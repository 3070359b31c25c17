"""All comparisons, in the order of the lock."""

from __future__ import annotations

from tfinfra.errors import Diagnostic
from tfinfra.locking.compare.manifest_keys import of_manifest
from tfinfra.locking.compare.pair import Pair
from tfinfra.locking.compare.source_and_data import of_data, of_source
from tfinfra.locking.compare.what_it_runs_on import of_environment, of_launch, of_program
from tfinfra.locking.now import Now
from tfinfra.locking.read import ReadLock
from tfinfra.manifest.document import Document

_PARTS = (of_manifest, of_source, of_environment, of_program, of_data, of_launch)


def differences(read: ReadLock, manifest: Document, now: Now) -> tuple[Diagnostic, ...]:
    """Every difference between a lock, and the manifest that it is of with what lies around it; () where all is as it
    was locked."""
    if read.lock is None:
        return read.found
    pair = Pair(read.document, read.lock, manifest, now, read.is_stale)
    found = [*read.found, *(one for part in _PARTS for one in part(pair))]
    if pair.stale:
        message = "the lock was changed after it was written: this is not the digest of what it holds"
        found.append(pair.in_lock("TFI902", ("digest",), message, "`tfinfra lock` writes it anew"))
    return tuple(dict.fromkeys(found))
