"""The three proofs of a check, and how what is wrong is named."""

from __future__ import annotations

from collections.abc import Sequence

from tfinfra.model import NodeCheck

_NAMED = 3
_LONGEST = 600


def verified(check: str) -> NodeCheck:
    return NodeCheck(check, "verified")


def declared(check: str, why: str) -> NodeCheck:
    return NodeCheck(check, "declared", _shortened(why))


def failed(check: str, why: str) -> NodeCheck:
    return NodeCheck(check, "failed", _shortened(why))


def named(faults: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return "; ".join(faults[:_NAMED]) + more


def _shortened(why: str) -> str:
    """What is part of a name may be a stranger's."""
    text = why if why.isprintable() else ascii(why)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
