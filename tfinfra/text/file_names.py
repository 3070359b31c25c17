"""Names of files that some file systems take for one."""

from __future__ import annotations

from unicodedata import normalize


def folded(name: str) -> str:
    """What names have in common that differ in case, or in the form of their letters (é as one or as two), alone."""
    return normalize("NFC", name).casefold()
