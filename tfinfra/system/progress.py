"""How long work says how it goes on, and the callbacks for where nobody is to hear of it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Takes one line of text."""


def say_nothing(text: str) -> None:
    """Progress that is shown to nobody."""
    del text


def do_nothing() -> None:
    """A callback for where nothing is to be done."""
