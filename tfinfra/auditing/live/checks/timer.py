"""Whether the timer that ends a run in time still looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.questions import WORKFLOWS
from tfinfra.auditing.live.wording import unread
from tfinfra.system.clock import unix_time

NOT_LOOKING = "TFA643"
LATE = 20 * 60.0
"""Seconds without a look that are too many: it looks every 5 minutes (stacks/timer.py)."""
_FRACTION = re.compile(r"\.\d+")
_WENT_WRONG = ("failed", "cancelled", "canceled", "timedout", "aborted")


def last_looks(live: LiveRun) -> Iterator[Finding]:
    for group, part in live.present.items():
        for made in questions.resources({group: part}, WORKFLOWS):
            question, name = questions.runs_of(made.id), made.id.rpartition("/")[2]
            yield from unread(live, question, made.id, f"the last looks of {name}")
            answer = live.answer(question)
            if answer.is_document and part is not None:
                yield from _looks(answer.values, made.id, live.now, part.taken)


def _looks(runs: list[Mapping[str, Any]], id_: str, now: float, made: float) -> Iterator[Finding]:
    """One look that failed is nothing: ARM may have been ill. Two in a row say that it cannot look; of a timer that was
    `made` a moment ago they do not, as its grants take minutes to reach all of ARM, and no machine is made before."""
    name = id_.rpartition("/")[2]
    begun = sorted(((_begun(one), _status(one)) for one in runs), reverse=True)
    last = max((moment for moment, _ in begun), default=0.0)
    if now - max(last, made) > LATE:
        when = f"for {int((now - last) / 60)} minutes" if last else "at all"
        yield Finding(
            NOT_LOOKING, Verdict.CHANGED, id_, f"the timer {name} has not looked {when}: it would end nothing"
        )
    ended = [status for _, status in begun if status == "succeeded" or status in _WENT_WRONG]
    is_new = "succeeded" not in ended and now - made < LATE
    if len(ended) > 1 and not is_new and all(status in _WENT_WRONG for status in ended[:2]):
        yield Finding(
            NOT_LOOKING, Verdict.CHANGED, id_, f"the last looks of the timer {name} {ended[0]}: it would end nothing"
        )


def _status(run: Mapping[str, Any]) -> str:
    return str(member(run, "properties", "status")).lower()


def _begun(run: Mapping[str, Any]) -> float:
    """Unix seconds, 0 for what is no time. Logic writes seven digits of a second."""
    text = str(member(run, "properties", "startTime"))
    try:
        return unix_time(_FRACTION.sub("", text))
    except ValueError:
        return 0.0


CHECKS = (last_looks,)
