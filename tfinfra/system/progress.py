"""How long work says how it goes on."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Takes one line of text."""


def say_nothing(text: str) -> None:
    """Progress for where nobody looks on."""
    del text
