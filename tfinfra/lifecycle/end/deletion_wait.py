"""Waits for a run's deletion, for as long as that makes sense to the user."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait

from tfinfra.lifecycle.run.context import RunContext
from tfinfra.text.wording import spell_seconds

SILENCE = 20.0
"""Seconds without any answer of ARM's after which a run that somebody ends is left to the other layers of deletion."""

LOOK = 1.0
LEAVING = 10.0
"""Seconds that the deletions of earlier attempts have once the groups are gone."""


def await_deletion(context: RunContext, deleting: Future[dict[str, str]], groups: Sequence[str]) -> dict[str, str]:
    """What is left of `groups`, each with the reason. Who wants the run to end does not wait for an ARM that is silent:
    the other layers of deletion go on, and what is left is named."""
    silent_since: float | None = None
    while not wait([deleting], timeout=LOOK).done:
        if not context.session.interrupt.requested or context.ports.arm.answers():
            silent_since = None
            continue
        now = context.ports.clock()
        silent_since = now if silent_since is None else silent_since
        if now - silent_since >= SILENCE:
            return dict.fromkeys(groups, f"ARM has not answered for {spell_seconds(now - silent_since)}")
    left = deleting.result()
    wait(context.undo.leaving, timeout=LEAVING)
    return left
