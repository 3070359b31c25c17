"""What was asked for in a page and is to be confirmed: each question has a form of its own, which is good once, for
whoever was shown it, and for an hour. A form that is sent twice does once what it says."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from tfinfra.errors import WaitEnded
from tfinfra.system.threads import spawn

GOOD_FOR = 3600.0
_MOST = 256
_TICK = 0.02


@dataclass(frozen=True)
class Question:
    """`verb` of `run`, with its further words, as it was shown to the browser with `cookie`; `until` is the moment that
    it was said to lead to, "" for none."""

    cookie: str
    run: str
    verb: str
    words: tuple[str, ...] = ()
    until: str = ""


class Questions:
    """Those that were asked and not forgotten, by the secret in their form."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, tuple[float, Question]] = {}
        self._answered: dict[str, tuple[float, Question]] = {}

    def ask(self, question: Question) -> str:
        """The secret for the form."""
        secret = secrets.token_urlsafe(32)
        self._open[secret] = (self._clock(), question)
        _shorten(self._open)
        return secret

    def answer(self, secret: str, question: Question) -> bool | None:
        """True where the form asks for that and was not answered before, False where it was, None for a form that was
        never shown, to others, or too long ago."""
        if self._answered.get(secret, (0.0, None))[1] == question:
            return False
        asked, shown = self._open.get(secret, (0.0, None))
        if shown != question or self._clock() - asked > GOOD_FOR:
            return None
        del self._open[secret]
        self._answered[secret] = (asked, question)
        _shorten(self._answered)
        return True

    def reopen(self, secret: str) -> None:
        """What was asked for has not been done: its form is good again."""
        if answered := self._answered.pop(secret, None):
            self._open[secret] = answered


class Forms:
    """The forms that were sent. What one asks for is begun on a thread of its own: no read keeps it from that, and all
    who send it hear the same of it."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._begun: dict[str, Future[None]] = {}

    async def sent(self, secret: str, question: Question, begin: Callable[[], None], patience: float) -> bool:
        """Calls `begin` for a form that is good, once, and waits for it. False for one that never was good.

        Raises what `begin` raises, and then the form is good again; WaitEnded where it is not through after so
        many seconds."""
        first = self._questions.answer(secret, question)
        if first is None:
            return False
        if first:
            self._begun[secret] = spawn(begin, "act")
            _shorten(self._begun)
        begun = self._begun.get(secret)
        if begun is None:
            return True
        until = time.monotonic() + patience
        while not begun.done() and time.monotonic() < until:
            await asyncio.sleep(_TICK)
        if not begun.done():
            raise WaitEnded(f"{question.verb} of {question.run} is not begun yet, and will be", hint=_LATER)
        if begun.exception() is not None and self._begun.get(secret) is begun:
            del self._begun[secret]
            self._questions.reopen(secret)
        begun.result()
        return True


_LATER = "its page says when it is; the same form, sent again, does it no second time"


def _shorten(kept: dict[str, Any]) -> None:
    while len(kept) > _MOST:
        del kept[next(iter(kept))]
