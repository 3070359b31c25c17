"""A live run as an audit sees it: what is known of how it was made, and what ARM answers now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tfinfra.arm.error_bodies import missing_actions, read_error
from tfinfra.arm.requests import ArmAnswer
from tfinfra.auditing.baseline import PartBaseline
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.questions import Question

_NONE = ArmAnswer(0, {"error": {"code": "NotAsked", "message": "it was not asked for"}})


@dataclass(frozen=True)
class Extension:
    """An `extend` event of the run's own log: the group's new expiry (ISO 8601); "" is every group."""

    group: str
    expires: str


@dataclass(frozen=True)
class LiveRun:
    """`parts` are the groups that are to be there, by name, each with its baseline, None where nobody noted one;
    `ended`: its nodes have ended, as far as that is recorded, so that a group of theirs may be gone. `extended` are the
    extensions of its time that its event log tells of. `now` is in Unix seconds. `hearsay` are the groups whose
    baselines are from the run's store, which its nodes may write to; `replaced` those whose own baseline is another one
    than the event log has, `unlogged` those of whose baseline it has nothing."""

    run: str
    subscription: str
    parts: Mapping[str, PartBaseline | None]
    answers: Mapping[Question, ArmAnswer]
    now: float
    ended: bool = False
    extended: tuple[Extension, ...] = ()
    hearsay: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    unlogged: frozenset[str] = frozenset()

    def answer(self, question: Question) -> ArmAnswer:
        return self.answers.get(question, _NONE)

    def is_gone(self, group: str) -> bool:
        return self.answer(questions.of_group(self.subscription, group)).is_gone

    def is_going(self, group: str) -> bool:
        """Whether somebody deletes it now."""
        document = self.answer(questions.of_group(self.subscription, group)).document
        return bool(member(document, "properties", "provisioningState") == "Deleting")

    def is_within(self, groups: Iterable[str], scope: str) -> bool:
        """Whether an ARM id in lower case is that of one of these groups, or of something in one."""
        ids = (questions.group_id(self.subscription, group).lower() for group in groups)
        return any(scope == id_ or scope.startswith(f"{id_}/") for id_ in ids)

    @property
    def present(self) -> Mapping[str, PartBaseline | None]:
        """The parts whose groups are there to stay: what is in another one goes with it."""
        return {
            group: part for group, part in self.parts.items() if not self.is_gone(group) and not self.is_going(group)
        }


def lacking(question: Question, answer: ArmAnswer) -> str | None:
    """The right without which ARM did not answer, None where it was not for one."""
    if answer.status != 403:
        return None
    said = read_error(answer.document)
    named = missing_actions(said.decisive.message) if said else ()
    return named[0] if named else question.right
