"""What an audit of a live run asks, a caller with the role for runs may read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tests.auditing.live.conftest import Make
from tests.auditing.live.rehearsed import Rehearsed
from tests.stacks.recording import RUN, SUBSCRIPTION
from tfinfra.arm.deleter_role import covers
from tfinfra.arm.requests import ArmAnswer
from tfinfra.auditing.live.check import ask_all
from tfinfra.auditing.live.questions import Question
from tfinfra.azure.rights.caller_role import caller_role


def test_the_caller_s_role_has_each_right_that_an_audit_takes(made: Make) -> None:
    asked: set[Question] = set()
    runs = [made("two CPU nodes"), made("two InfiniBand nodes")]
    for run in runs:
        ask_all(RUN, SUBSCRIPTION, run.parts, partial(_noted, asked, run))
    types = {one.type for run in runs for part in run.parts.values() if part for one in part.resources}
    permissions = caller_role(sorted(types), SUBSCRIPTION)["properties"]["permissions"]
    assert len(asked) > 40
    assert {one.right for one in asked if not covers(permissions, one.right)} == set()


def _noted(asked: set[Question], run: Rehearsed, questions: Iterable[Question]) -> dict[Question, ArmAnswer]:
    listed = list(questions)
    asked.update(listed)
    return run.ask(listed)
