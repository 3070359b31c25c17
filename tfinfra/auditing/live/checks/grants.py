"""Role assignments in a run's groups and of its identities, and who else may sign in as one of those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.questions import ASSIGNMENTS, IDENTITIES, Question
from tfinfra.auditing.live.wording import unread

_MARK = f"/providers/{ASSIGNMENTS}/".lower()


class Grant(NamedTuple):
    """All in lower case: an ARM id, and two GUIDs."""

    scope: str
    principal: str
    role: str


def added_grants(live: LiveRun) -> Iterator[Finding]:
    """Every assignment at or below a group of the run's, and every one of its identities anywhere, that its stacks did
    not make. What is above the groups is theirs who own the subscription."""
    expected = {_grant(made.id, made.sent) for made in questions.resources(live.parts, ASSIGNMENTS)}
    known = [group for group, part in live.present.items() if part]
    unknown = [group for group, part in live.parts.items() if not part]
    seen: set[str] = set()
    for question, subject, what, is_theirs in _asked(live):
        yield from unread(live, question, subject, what)
        for document in live.answer(question).values:
            id_ = str(document.get("id", ""))
            grant = _grant(id_, document)
            concerns = is_theirs or live.is_within(known, grant.scope)
            if not concerns or grant in expected or id_.lower() in seen or live.is_within(unknown, grant.scope):
                continue
            seen.add(id_.lower())
            who = "an identity of the run" if is_theirs else f"the principal {grant.principal}"
            text = f"{who} was given the role {grant.role} on {_scope_of(id_)}"
            yield Finding("TFA622", Verdict.FOREIGN, id_, text)


def _asked(live: LiveRun) -> Iterator[tuple[Question, str, str, bool]]:
    """(question, what it is about, that in words, whether its answers are about one of the run's identities)."""
    for identity in questions.resources(live.parts, IDENTITIES):
        if principal := questions.principal_of(identity):
            name = identity.id.rpartition("/")[2]
            question = questions.grants_of(live.subscription, principal)
            yield question, identity.id, f"the role assignments of {name}", True
    for group in live.present:
        yield questions.grants_in(live.subscription, group), group, f"the role assignments in {group}", False


def federated(live: LiveRun) -> Iterator[Finding]:
    """A federated credential lets somebody outside sign in as the identity."""
    for identity in questions.resources(live.present, IDENTITIES):
        question, name = questions.credentials_of(identity.id), identity.id.rpartition("/")[2]
        yield from unread(live, question, identity.id, f"who else may sign in as {name}")
        for document in live.answer(question).values:
            issuer = member(document, "properties", "issuer")
            text = f"{issuer or 'somebody else'} may sign in as {name}, by the credential '{document.get('name')}'"
            yield Finding("TFA624", Verdict.FOREIGN, str(document.get("id", identity.id)), text)


def _grant(id_: str, document: Mapping[str, Any]) -> Grant:
    properties = document.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    role = str(properties.get("roleDefinitionId", "")).rpartition("/")[2]
    return Grant(_scope_of(id_).lower(), str(properties.get("principalId", "")).lower(), role.lower())


def _scope_of(id_: str) -> str:
    place = id_.lower().rfind(_MARK)
    return id_[:place].rstrip("/") if place >= 0 else id_


CHECKS = (added_grants, federated)
