"""Whose a resource is that ARM lists in a run's group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.arm import own
from tfinfra.arm.requests import ArmAnswer
from tfinfra.arm.resource_ids import parse_resource_id
from tfinfra.auditing.baseline import PartBaseline
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.questions import Question

_VERSIONS = {kind.lower(): version for kind, (version, _) in own.BELONGS.items()}
_MAKERS = {kind.lower(): paths for kind, (_, paths) in own.BELONGS.items()}


def is_runs(live: LiveRun, group: str, entry: Mapping[str, Any]) -> bool:
    """By its kind and name, else by what Azure says that it was made for."""
    kind, name, id_ = (str(entry.get(key, "")) for key in ("type", "name", "id"))
    if own.is_own(live.run, group, kind, name):
        return True
    question = _maker_question(kind, id_)
    document = live.answer(question).document if question else None
    for path in _MAKERS.get(kind.lower(), ()):
        maker = parse_resource_id(str(member(document, "properties", *path) or ""))
        within = maker.scope.lower().endswith(f"/resourcegroups/{group}".lower())
        if within and own.is_own(live.run, group, maker.type, maker.name):
            return True
    return False


def maker_questions(
    run: str, subscription: str, parts: Mapping[str, PartBaseline | None], answers: Mapping[Question, ArmAnswer]
) -> Iterator[Question]:
    """What is asked of resources whose names do not say whose they are."""
    for group in parts:
        listed = answers.get(questions.contents_of(subscription, group), ArmAnswer(0, None))
        for entry in listed.values:
            kind, name, id_ = (str(entry.get(key, "")) for key in ("type", "name", "id"))
            question = _maker_question(kind, id_)
            if question is not None and not own.is_own(run, group, kind, name):
                yield question


def _maker_question(kind: str, id_: str) -> Question | None:
    version = _VERSIONS.get(kind.lower())
    return Question(id_, version) if version and id_ else None
