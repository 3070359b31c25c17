"""How work that takes a while reports what it does."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Takes one line of text."""


def say_nothing(text: str) -> None:
    """Progress that is shown to nobody."""
    del text
