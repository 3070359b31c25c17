"""The chain of an event log: each line holds, as `prev`, the digest of the line before it."""

from __future__ import annotations

from tfinfra.evidence.sums import sha256

FIRST = "0" * 64
"""The `prev` of the first line."""


def link(before: bytes) -> str:
    """The `prev` of the line after `before`, which is b"" where there is none."""
    return sha256(before) if before else FIRST


def chain_head(events: bytes) -> tuple[str, int]:
    """(what a next line would hold as `prev`; the number of the lines that there are)."""
    lines = events.splitlines()
    return link(lines[-1] if lines else b""), len(lines)
