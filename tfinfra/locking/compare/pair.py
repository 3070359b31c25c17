"""A lock beside what there is now, and how a difference between them is said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tfinfra.errors import Diagnostic
from tfinfra.locking.canonical import NotCanonical, canonical
from tfinfra.locking.document import ManifestLock
from tfinfra.locking.now import Now
from tfinfra.manifest.document import Document, KeyPath, error_at
from tfinfra.manifest.key_schema import LOCK
from tfinfra.text.wording import apart

AGAIN = "`tfinfra lock` locks it as it is now, if that is meant"
_SHORT = 60
ABSENT = object()
"""Of a key that one of the two does not have. A key whose value is null is there: as a flag of a command line."""


@dataclass(frozen=True)
class Pair:
    """`document` is the lock's, `manifest` the file that it is of. A `stale` lock was changed after it was written:
    what differs is the lock's fault then, and else that of what it is held against."""

    document: Document
    lock: ManifestLock
    manifest: Document
    now: Now
    stale: bool

    def in_lock(self, code: str, path: KeyPath, message: str, hint: str | None = None) -> Diagnostic:
        """A difference at a line of the lock; `path` is below its key `lock`."""
        place = self._nearest(self.document, (LOCK, *path))
        return error_at(self.document, code, place, message, hint or AGAIN, at="key")

    def of_key(self, code: str, path: KeyPath, message: str, hint: str | None = None) -> Diagnostic:
        """A difference of a manifest's key: at the manifest's line where it has one and the lock is as it was."""
        near = self._nearest(self.manifest, path)
        if self.stale or not near:
            return error_at(self.document, code, self._nearest(self.document, path), message, hint or AGAIN)
        return error_at(self.manifest, code, near, message, hint or AGAIN)

    @staticmethod
    def _nearest(document: Document, path: KeyPath) -> KeyPath:
        """The path, or the nearest above it, that the document has a line for."""
        while path and document.key(path) is None:
            path = path[:-1]
        return path


def same(one: Any, other: Any) -> bool:
    """Whether two plain values have one canonical form: a number is no text, and true is no number."""
    try:
        return canonical(one) == canonical(other)
    except NotCanonical:
        return False


def shown(value: object) -> str:
    """A value, short."""
    if value is ABSENT:
        return "not there"
    text = "empty" if value in (None, "") else "nothing" if value in ([], {}) else str(value)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def shown_apart(one: object, other: object) -> tuple[str, str]:
    """Two values that differ, short, and so that it can be seen in what: a number from its text, long texts from where
    they part."""
    if shown(one) != shown(other):
        return shown(one), shown(other)
    written = [json.dumps(value, ensure_ascii=False, default=str) for value in (one, other)]
    return apart(written[0], written[1], _SHORT)
