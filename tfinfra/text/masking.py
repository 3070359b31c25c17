"""Secret values out of text that others will read. Best effort: a value that a script changes before it prints it is no
longer found."""

from __future__ import annotations

from collections.abc import Iterable

MASK = b"***"
SHORTEST = 4
"""Bytes: to mask what is shorter would leave no log readable."""
_withheld: set[str] = set()


def needles(values: Iterable[str]) -> tuple[bytes, ...]:
    """What to look for, the longest first: each value, and each line of one that has several."""
    texts = {part.strip() for value in values for part in (value, *value.splitlines())}
    found = {text.encode("utf-8", "surrogateescape") for text in texts}
    return in_order(f for f in found if len(f) >= SHORTEST)


def in_order(needles: Iterable[bytes]) -> tuple[bytes, ...]:
    """Needles as `mask` wants them: the longest first."""
    return tuple(sorted(needles, key=lambda needle: (-len(needle), needle)))


def mask(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """`data` with every needle replaced by ***."""
    for needle in secrets:
        if needle in data:
            data = data.replace(needle, MASK)
    return data


def masked_text(text: str, values: Iterable[str]) -> str:
    """`text` without the secret `values`."""
    return masked(text, needles(values))


def masked(text: str, secrets: Iterable[bytes]) -> str:
    """`text` with every needle replaced by ***."""
    return mask(text.encode("utf-8", "surrogateescape"), secrets).decode("utf-8", "surrogateescape")


def withhold(values: Iterable[str]) -> None:
    """From now on, nothing that this process writes about itself shows any of `values`."""
    _withheld.update(values)


def redact(text: str) -> str:
    """`text` without any value that this process withholds."""
    return masked_text(text, _withheld)


def unfinished(data: bytes, secrets: tuple[bytes, ...]) -> int:
    """How many bytes at the end of masked `data` may be the begin of a needle: they must wait for what follows."""
    longest = min(len(data), max(map(len, secrets), default=1) - 1)
    return next((size for size in range(longest, 0, -1) if any(n.startswith(data[-size:]) for n in secrets)), 0)
