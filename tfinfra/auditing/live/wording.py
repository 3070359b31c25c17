"""What is found of a live run, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.arm.requests import ArmAnswer
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live.comparison.same import ABSENT
from tfinfra.auditing.live.live_run import LiveRun, lacking
from tfinfra.auditing.live.questions import Question

_LONGEST = 200
_NOT_TOLD = ("id", "name", "etag", "type", "provisioningstate")


def unread(live: LiveRun, question: Question, subject: str, what: str) -> Iterator[Finding]:
    """That `what` of the subject is not known, where ARM did not answer; a right that is missing is named."""
    answer = live.answer(question)
    if answer.is_document or answer.is_gone:
        return
    yield _unread(question, answer, subject, what)


def _unread(question: Question, answer: ArmAnswer, subject: str, what: str) -> Finding:
    right = lacking(question, answer)
    why = f"the right {right} is missing" if right else answer.words
    return Finding("TFA603", Verdict.UNVERIFIABLE, subject, f"{what} cannot be read: {why}")


def shown(value: Any) -> str:
    """A value for a sentence."""
    if value is ABSENT or value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def told(item: Mapping[str, Any]) -> str:
    """The plain values of a list's item, by their names: what of it can be told in a line."""
    inner = item.get("properties")
    values = {**item, **(inner if isinstance(inner, Mapping) else {})}
    plain = {n: v for n, v in values.items() if isinstance(v, (str, int, bool)) and n.lower() not in _NOT_TOLD}
    return shown(", ".join(f"{name} {shown(value)}" for name, value in plain.items()))
