"""What was asked for in a page and is to be confirmed: each question has a form of its own, which is good once, for
whoever was shown it, and for an hour. A form that is sent twice does once what it says."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

GOOD_FOR = 3600.0
_MOST = 256


@dataclass(frozen=True)
class Question:
    """`verb` of `run`, with its further words, as it was shown to the browser with `cookie`."""

    cookie: str
    run: str
    verb: str
    words: tuple[str, ...] = ()


class Questions:
    """Those that were asked and not forgotten, by the secret in their form."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, tuple[float, Question]] = {}
        self._answered: dict[str, Question] = {}

    def ask(self, question: Question) -> str:
        """The secret for the form."""
        secret = secrets.token_urlsafe(32)
        self._open[secret] = (self._clock(), question)
        _shorten(self._open)
        return secret

    def answer(self, secret: str, question: Question) -> bool | None:
        """True where the form asks for that and was not answered before, False where it was, None for a form that was
        never shown, to others, or too long ago."""
        if self._answered.get(secret) == question:
            return False
        asked, shown = self._open.get(secret, (0.0, None))
        if shown != question or self._clock() - asked > GOOD_FOR:
            return None
        del self._open[secret]
        self._answered[secret] = question
        _shorten(self._answered)
        return True


def _shorten(kept: dict[str, Any]) -> None:
    while len(kept) > _MOST:
        del kept[next(iter(kept))]
