"""A lock read as the manifest that it is: without its key `lock`, and with the indexes that its aliases mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tfinfra.errors import Diagnostic
from tfinfra.locking.aliases import FILE, Aliases, UnknownAlias, sources_of
from tfinfra.locking.read import ReadLock
from tfinfra.manifest.document import Document, KeyPath, error_at
from tfinfra.manifest.key_schema import LOCK
from tfinfra.model import PackageSources, to_json

_TARGET = "compute_target"
SOURCES = ("index_url", "extra_index_urls", "find_links")
"""The keys of a target that a lock does not repeat: they name hosts."""


def as_manifest(read: ReadLock, aliases: Aliases) -> tuple[Document, tuple[Diagnostic, ...]]:
    """The manifest, and what is wrong with the lock. An alias that nobody knows is wrong at its line."""
    if read.lock is None:
        return read.document, read.found
    try:
        sources = sources_of(read.lock.environment.indexes, aliases)
    except UnknownAlias as unknown:
        message = f"no index is known by the alias '{unknown.alias}'"
        hint = f"write `{unknown.alias}: https://…` into {FILE} in your configuration folder"
        at: KeyPath = (LOCK, "environment", "indexes")
        return read.document, (*read.found, error_at(read.document, "TFI913", at, message, hint))
    return with_sources(read.document, sources), read.found


def with_sources(document: Document, sources: PackageSources) -> Document:
    """The document whose target says where packages come from; the same where that is where they come from anyway."""
    keys = {key: value for key, value in to_json(sources).items() if value}
    target = document.data.get(_TARGET)
    if not keys or not isinstance(target, Mapping):
        return document
    data: dict[str, Any] = {**document.data, _TARGET: {**target, **keys}}
    texts = {**document.texts}
    for key, value in keys.items():
        place: KeyPath = (_TARGET, key)
        for path, text in (
            [(place, value)] if isinstance(value, str) else [((*place, i), v) for i, v in enumerate(value)]
        ):
            texts[path] = text
    return replace(document, data=data, texts=texts)
