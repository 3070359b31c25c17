"""A run's groups as a whole: whether they are there, what lies in them that is nobody's of the run, what locks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.baseline import PartBaseline
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.checks.owned import is_runs
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.wording import unread
from tfinfra.azure.deletion.group_names import part_of_group

_ADDRESSES = "microsoft.network/publicipaddresses"
_MARK = "/providers/microsoft.authorization/locks/"


def whole_groups(live: LiveRun) -> Iterator[Finding]:
    for group, part in live.parts.items():
        question = questions.of_group(live.subscription, group)
        if live.is_gone(group):
            if not (live.ended and part_of_group(group) == "compute"):
                yield Finding("TFA602", Verdict.MISSING, group, f"the resource group {group} is not there any more")
            continue
        if live.is_going(group):
            text = f"{group} is being deleted: what is in it is not looked at"
            yield Finding("TFA603", Verdict.UNVERIFIABLE, group, text)
            continue
        if group in live.hearsay:
            text = f"how the resources of {group} were made is known from the run's store, which its nodes may write to"
            yield Finding("TFA607", Verdict.UNVERIFIABLE, group, text)
        yield from _doubts(live, group, part)
        if part is None:
            yield from unread(live, question, group, f"the resource group {group}")


def _doubts(live: LiveRun, group: str, part: PartBaseline | None) -> Iterator[Finding]:
    """Why what its resources are compared with is nothing, or may be another thing than what was noted."""
    nothing = ": they are compared with nothing" if part is None else ""
    if group in live.replaced:
        text = f"the file that says how the resources of {group} were made is not the one that the event log has"
        yield Finding("TFA605", Verdict.CHANGED, group, f"{text}{nothing}")
    elif part is None:
        text = f"how the resources of {group} were made is not known here{nothing}"
        yield Finding("TFA605", Verdict.UNVERIFIABLE, group, text)
    elif group in live.unlogged:
        text = f"the file that says how the resources of {group} were made is in no event of the log"
        yield Finding("TFA605", Verdict.UNVERIFIABLE, group, text)


def foreign_resources(live: LiveRun) -> Iterator[Finding]:
    for group in live.present:
        question = questions.contents_of(live.subscription, group)
        yield from unread(live, question, group, f"what lies in {group}")
        for entry in live.answer(question).values:
            if not is_runs(live, group, entry):
                yield _foreign(entry, group)


def _foreign(entry: Mapping[str, Any], group: str) -> Finding:
    kind, name, id_ = (str(entry.get(key, "")) for key in ("type", "name", "id"))
    rule = "TFA613" if kind.lower() == _ADDRESSES else "TFA653"
    return Finding(rule, Verdict.FOREIGN, id_ or group, f"{kind} '{name}' lies in {group} and is not the run's")


def locks(live: LiveRun) -> Iterator[Finding]:
    """A lock keeps a run from being deleted, and so from ending."""
    question = questions.locks_of(live.subscription)
    yield from unread(live, question, f"/subscriptions/{live.subscription}", "the management locks")
    for lock in live.answer(question).values:
        id_ = str(lock.get("id", ""))
        scope = id_[: id_.lower().find(_MARK)] if _MARK in id_.lower() else ""
        if not scope or not _concerns(live, scope.lower()):
            continue
        level = member(lock, "properties", "level")
        text = f"the lock '{lock.get('name')}' ({level}) on {scope} keeps the run from being deleted"
        yield Finding("TFA654", Verdict.FOREIGN, id_, text)


def _concerns(live: LiveRun, scope: str) -> bool:
    return scope == f"/subscriptions/{live.subscription}".lower() or live.is_within(live.present, scope)


CHECKS = (whole_groups, foreign_resources, locks)
