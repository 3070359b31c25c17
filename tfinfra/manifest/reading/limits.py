"""How much a document may hold, so that no file takes a reader's memory or time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most `bytes` of a file, and the most `values` in it, aliases written out."""

    bytes: int = 1_000_000
    values: int = 20_000


PAGE = Limits()
"""Of a manifest, which is meant to be a page of text."""
