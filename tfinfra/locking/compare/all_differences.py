"""All comparisons, in the order of the lock."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.errors import Diagnostic
from tfinfra.locking.compare.manifest_keys import of_manifest
from tfinfra.locking.compare.pair import Pair
from tfinfra.locking.compare.requests import of_requests
from tfinfra.locking.compare.source_and_data import of_data, of_source
from tfinfra.locking.compare.what_it_runs_on import of_environment, of_launch, of_program
from tfinfra.locking.compare.within import misfits
from tfinfra.locking.now import Now, Requests
from tfinfra.locking.read import ReadLock
from tfinfra.manifest.document import Document


def _of_itself(pair: Pair) -> Iterator[Diagnostic]:
    for path, code, message in misfits(pair.lock):
        yield pair.in_lock(code, path, message)


_PARTS = (of_manifest, _of_itself, of_source, of_environment, of_program, of_data, of_launch)


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


def request_differences(read: ReadLock, manifest: Document, now: Now, requests: Requests) -> tuple[Diagnostic, ...]:
    """What the program asks of ARM otherwise than a lock says. The rest of the lock is as it was: a program that is
    another one asks for other things, and that was said already."""
    if read.lock is None:
        return read.found
    return tuple(of_requests(Pair(read.document, read.lock, manifest, now, stale=False), requests))
