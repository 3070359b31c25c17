"""The question before a run that costs money, and before many are deleted: asked where a person sits, and nowhere
else."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable

from tfinfra.lifecycle.run.terms import Consent, Terms, agreed
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.system.clock import right_now

QUESTION = "Begin? [y/N] "
_TICK = 0.1
"""Seconds between two looks at whether the run was interrupted meanwhile."""
_ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}


def consent(view: Observer, *, yes: bool) -> Consent:
    """Who agrees to a run: the person at the terminal. With `--yes`, and without a terminal, nothing is asked."""
    return agreed if yes or not somebody_there() else lambda terms, check: _ask(view, terms, check)


def somebody_there() -> bool:
    """Whether stdin and stderr are terminals, and this process may read there: a job in the background would be
    stopped by it."""
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # a terminal that is nobody's controlling one has no background
        return True


def _is_terminal(stream: object) -> bool:
    """A stream may be closed (ValueError) or not be there at all (None)."""
    try:
        return bool(stream is not None and stream.isatty())  # type: ignore[attr-defined]
    except ValueError:
        return False


def _ask(view: Observer, terms: Terms, check: Callable[[], None]) -> bool:
    """The run has shown the terms, unless it is quiet. A live view would paint over the question, so it rests."""
    from tfinfra.cli.live import LiveView
    from tfinfra.cli.output import result_line
    from tfinfra.lifecycle.watch.plain_view import QuietView

    if isinstance(view, QuietView):
        for line in terms.lines(right_now()):
            result_line(line)
    live = view if isinstance(view, LiveView) else None
    if live is not None:
        live.stop()
    try:
        return ask(check)
    finally:
        if live is not None:
            live.start()


def ask(check: Callable[[], None], question: str = QUESTION) -> bool:
    """The answer of the person at the terminal; the end of the input, and an empty line, are a no. Raises what `check`
    does, which Ctrl-C makes raise."""
    import termios

    source = sys.stdin.fileno()
    termios.tcflush(source, termios.TCIFLUSH)  # an Enter that was pressed minutes ago answers nothing
    while True:
        sys.stderr.write(question)
        sys.stderr.flush()
        while not select.select([source], [], [], _TICK)[0]:
            check()
        line = os.read(source, 1024).decode(errors="replace")  # as the terminal gives it: whole, once Enter was pressed
        answer = _ANSWERS.get(line.strip().lower())
        if answer is not None:
            return answer
