"""The text of a lock → the document with its lines, and the value of its key `lock`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tfinfra.errors import Diagnostic
from tfinfra.locking.canonical import NotCanonical, document_digest
from tfinfra.manifest.document import Document, error_at
from tfinfra.manifest.key_schema import LOCK, LOCK_ENDING
from tfinfra.manifest.reading.limits import Limits
from tfinfra.manifest.reading.reader import read_document

if TYPE_CHECKING:
    from tfinfra.locking.document import ManifestLock

EXAMPLE = "entry_script: train.py"
LIMITS = Limits(bytes=20_000_000, values=500_000)
"""A lock names each file of a source directory and each package."""


@dataclass(frozen=True)
class ReadLock:
    """A lock as it is written; `lock` is None where its shape is wrong, and `found` says how; `data` are the bytes that
    it was read from, if any."""

    document: Document
    lock: ManifestLock | None
    found: tuple[Diagnostic, ...] = ()
    data: bytes = field(default=b"", repr=False)

    @property
    def is_stale(self) -> bool:
        """Whether the document is another one than that of its own digest."""
        return self.lock is not None and self.lock.digest != actual_digest(self.document)


def is_lock(file: str) -> bool:
    """Whether a file is a lock, by its name."""
    return file.endswith(LOCK_ENDING) and file.rpartition("/")[2] != LOCK_ENDING


def lock_name(manifest: str) -> str:
    """What the lock of a manifest is called."""
    return manifest.rpartition(".")[0] + LOCK_ENDING if "." in manifest else manifest + LOCK_ENDING


def read_lock(data: bytes, file: str) -> ReadLock:
    """The lock in `data`, the bytes of `file`. Raises ManifestError where it is no YAML mapping."""
    document, faults = read_document(data, file, EXAMPLE, LIMITS)
    return replace(lock_of(document, faults), data=data)


def lock_of(document: Document, faults: tuple[Diagnostic, ...] = ()) -> ReadLock:
    """The lock of a document that was read already, with the reader's own `faults`."""
    from tfinfra.locking.document import ManifestLock
    from tfinfra.locking.strict import CODE, StrictReader

    if LOCK not in document.data:
        message = f"a file called …{LOCK_ENDING} is a lock, and this one has no key `{LOCK}`"
        hint = "`tfinfra lock MANIFEST` writes one; a manifest has another name"
        return ReadLock(document, None, (*faults, error_at(document, CODE, (), message, hint)))
    reader = StrictReader(document)
    lock = reader.value(ManifestLock, (LOCK,))
    return ReadLock(document, lock, (*faults, *reader.found))


def actual_digest(document: Document) -> str | None:
    """The digest that a lock's document has, None where it holds what no lock can."""
    try:
        return document_digest(document.data)
    except NotCanonical:
        return None
