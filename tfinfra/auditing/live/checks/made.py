"""Each resource that a run's stacks made, against its baseline and the body that was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfinfra.arm.azure_types import body_of
from tfinfra.auditing.baseline import MadeResource, shortened
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.checks.benign import is_benign
from tfinfra.auditing.live.checks.places import rule_at
from tfinfra.auditing.live.comparison.lists import item_named
from tfinfra.auditing.live.comparison.same import ABSENT, Difference, differences
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.wording import shown, told, unread

_MOST = 3
_WITHHELD = ("customdata", "userdata", "adminpassword", "protectedsettings")


def made_resources(live: LiveRun) -> Iterator[Finding]:
    for part in live.present.values():
        for made in part.resources if part else ():
            yield from _resource(live, made)


def _resource(live: LiveRun, made: MadeResource) -> Iterator[Finding]:
    question = questions.of_resource(made)
    answer, name = live.answer(question), made.id.rpartition("/")[2]
    if answer.is_gone:
        is_grant = made.type.lower() == questions.ASSIGNMENTS.lower()
        rule, what = ("TFA623", _grant(made)) if is_grant else ("TFA602", f"{made.type} '{name}'")
        yield Finding(rule, Verdict.MISSING, made.id, f"{what} is not there any more")
        return
    yield from unread(live, question, made.id, f"{made.type} '{name}'")
    if not answer.is_document:
        return
    kind, now = body_of(f"{made.type}@{made.api_version}"), shortened(answer.document)
    found = made.found
    since = differences(kind, found, now) if found is not None else ()
    drifted = [one for one in since if not is_benign(live, made, one)]
    yield from _by_rule(made, drifted)
    known = {one.path for one in since}
    asked = differences(kind, made.sent, now, given_only=True)
    from_start = [one for one in asked if not _is_known(one.path, known) and not is_benign(live, made, one)]
    if found is None:
        yield from _by_rule(made, [one for one in from_start if not _is_withheld(one)])
    else:
        yield from _from_start(made, [one for one in from_start if not _was_never_given(one, found)])


def _grant(made: MadeResource) -> str:
    role = str(member(made.sent, "properties", "roleDefinitionId") or "").rpartition("/")[2]
    return f"the assignment of the role {role}"


def _by_rule(made: MadeResource, found: Sequence[Difference]) -> Iterator[Finding]:
    """One finding for each rule: a change of many values is one change."""
    rules: dict[str, list[Difference]] = {}
    for one in found:
        rules.setdefault(rule_at(made.type, one), []).append(one)
    for rule, those in rules.items():
        text = "; ".join(_words(one) for one in those[:_MOST])
        more = f"; and {len(those) - _MOST} more" if len(those) > _MOST else ""
        yield Finding(rule, Verdict.CHANGED, made.id, f"{made.id.rpartition('/')[2]}: {text}{more}")


def _from_start(made: MadeResource, found: Sequence[Difference]) -> Iterator[Finding]:
    if found:
        text = "; ".join(_words(one) for one in found[:_MOST])
        name = made.id.rpartition("/")[2]
        yield Finding("TFA606", Verdict.CHANGED, made.id, f"{name} was never as it was asked for: {text}")


def _words(one: Difference) -> str:
    place = ".".join(name for name in one.path if name != "properties")
    if isinstance(one.now, Mapping):
        return f"{place} was added: {told(one.now)}"
    if isinstance(one.was, Mapping):
        return f"{place} is gone"
    if one.was is ABSENT:
        return f"{place} is {shown(one.now)} and was not set"
    if one.now is ABSENT or one.now is None:
        return f"{place} was {shown(one.was)} and is gone"
    return f"{place} was {shown(one.was)} and is {shown(one.now)}"


def _is_known(path: tuple[str, ...], known: set[tuple[str, ...]]) -> bool:
    """Whether the baseline tells of a difference there too."""
    return any(path[: len(one)] == one or one[: len(path)] == path for one in known)


def _is_withheld(one: Difference) -> bool:
    """Whether ARM takes such a value and never gives it back."""
    return one.now is ABSENT and one.path[-1].lower() in _WITHHELD


def _was_never_given(one: Difference, found: Any) -> bool:
    """Whether ARM has never said anything there."""
    if one.now is not ABSENT:
        return False
    for name in one.path:
        if isinstance(found, list):
            found = item_named(found, name)
        else:
            lowered = {key.lower(): value for key, value in found.items()} if isinstance(found, Mapping) else {}
            found = lowered.get(name.lower())
    return found is None
