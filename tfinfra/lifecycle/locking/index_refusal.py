"""An index that has no alias, at the line of the target that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tfinfra.compiler.pipeline import Compiled
from tfinfra.locking.aliases import FILE, NoAlias
from tfinfra.locking.as_manifest import SOURCES
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.document import error_at


@contextmanager
def index_refused_here(compiled: Compiled) -> Iterator[None]:
    """An index without an alias, at the line of the target that names it."""
    try:
        yield
    except NoAlias as error:
        chosen = compiled.facts.chosen
        key = next((key for key in SOURCES if _names(chosen.keys, key, error.url)), "")
        message = f"the index {error.url} has no alias, and a lock names no host"
        hint = f"give it one: write `corp: {error.url}` into {FILE} in your configuration folder"
        at = chosen.at(key) if key else chosen.path
        raise refusal((error_at(chosen.document, "TFI912", at, message, hint),)) from error


def _names(keys: object, key: str, url: str) -> bool:
    given = getattr(keys, key, None) or ()
    return url in ((given,) if isinstance(given, str) else given)
