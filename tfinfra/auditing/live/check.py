"""All checks of a live run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from tfinfra.arm.requests import ArmAnswer
from tfinfra.auditing.baseline import PartBaseline
from tfinfra.auditing.findings import Finding
from tfinfra.auditing.live.checks import grants, groups, machines, made, stores, timer
from tfinfra.auditing.live.checks.owned import maker_questions
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.questions import Question, first_questions, more_questions

Ask = Callable[[Iterable[Question]], Mapping[Question, ArmAnswer]]
CHECKS: tuple[Callable[[LiveRun], Iterator[Finding]], ...] = (
    *groups.CHECKS,
    made.made_resources,
    *grants.CHECKS,
    *machines.CHECKS,
    *stores.CHECKS,
    *timer.CHECKS,
)


def ask_all(
    run: str, subscription: str, parts: Mapping[str, PartBaseline | None], ask: Ask
) -> dict[Question, ArmAnswer]:
    """What ARM says of a run with these groups, in two rounds of questions."""
    answers = dict(ask(dict.fromkeys(first_questions(subscription, parts))))
    more = (*more_questions(parts, answers), *maker_questions(run, subscription, parts, answers))
    return {**answers, **ask([question for question in dict.fromkeys(more) if question not in answers])}


def drifts(live: LiveRun) -> tuple[Finding, ...]:
    """Everything that is found, each once."""
    return tuple(dict.fromkeys(one for check in CHECKS for one in check(live)))
