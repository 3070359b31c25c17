"""The canonical form of a lock, and digests over it: RFC 8785, so that neither formatting nor the order of keys nor a
comment matters, and any tool of that standard finds the same digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from tfinfra.manifest.key_schema import EDITORS, LOCK


class NotCanonical(ValueError):
    """A value that JSON cannot hold: infinity, a whole number beyond 2^53, half of a surrogate pair."""


def canonical(value: Any) -> bytes:
    """The canonical JSON of plain values. Raises NotCanonical."""
    from rfc8785 import CanonicalizationError, dumps

    try:
        return bytes(dumps(value))
    except (CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise NotCanonical(str(error)) from error


def digest_of(value: Any) -> str:
    """ "sha256:…" of the canonical form. Raises NotCanonical."""
    return sha256(canonical(value))


def sha256(data: bytes) -> str:
    """ "sha256:…" of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def text_digest(data: bytes) -> str:
    """ "sha256:…" of a manifest's bytes, its lines ended by "\\n": how a checkout ends them is no change."""
    return sha256(data.replace(b"\r\n", b"\n"))


def document_digest(data: Mapping[str, Any]) -> str:
    """The digest of a lock's document: all of it but `lock.digest` itself, and the name of a schema for editors.
    Raises NotCanonical."""
    lock = data.get(LOCK)
    kept = {key: value for key, value in data.items() if key != EDITORS}
    if isinstance(lock, Mapping):
        kept[LOCK] = {key: value for key, value in lock.items() if key != "digest"}
    return digest_of(kept)
