"""Live runs, held against how they were made: ARM is asked, the run's own record and event log say what is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tfinfra.arm.requests import ArmAnswer
from tfinfra.audit.log import read_events
from tfinfra.auditing.findings import Finding
from tfinfra.auditing.live.check import ask_all, drifts
from tfinfra.auditing.live.checks.timer import NOT_LOOKING
from tfinfra.auditing.live.live_run import Extension, LiveRun
from tfinfra.auditing.live.questions import Question
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.find_run import find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.overview import all_statuses
from tfinfra.lifecycle.auditing.known_baseline import known_baseline
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.run.arm import RunArm
from tfinfra.system.clock import right_now
from tfinfra.system.progress import Progress

_AT_ONCE = 8
_LOOK = 3.0
"""Seconds until a timer is looked at again that has not looked: a cloud of this machine runs it as it starts."""
_BEGINNING = (RunPhase.STARTING, RunPhase.PROVISIONING)


@dataclass(frozen=True)
class LiveAudit:
    """What was found of one live run."""

    run: str
    found: tuple[Finding, ...]


def one_live(name: str, options: CloudOptions, tell: Progress) -> LiveAudit:
    """Of the run of this id or name. Raises UsageError where it does not live; CredentialsError, ProvisioningError."""
    return audit_found(find_run(name, options, tell))


def all_live(options: CloudOptions, tell: Progress) -> list[LiveAudit]:
    """Of every run of the cloud that the options name, else of all that this machine knows, that lives, or should. One
    that ends meanwhile is left out, which `tell` hears. Raises CredentialsError, ProvisioningError."""
    audits = []
    for status in all_statuses(options, tell):
        if not status.groups and status.state == RunState.DELETED:
            continue
        try:
            audits.append(audit_found(find_run(status.run, options)))
        except UsageError as error:
            tell(f"{status.run} is left out: {error.message}")
    return audits


def audit_found(found: FoundRun, sleep: Callable[[float], object] = time.sleep) -> LiveAudit:
    """Raises UsageError, CredentialsError."""
    groups = _groups(found)
    if not groups or (not found.exists and found.record is not None and found.record.phase == RunPhase.DELETED):
        hint = f"`tfinfra audit {found.run}` holds its evidence against itself"
        raise UsageError(f"{found.run} does not live: no resource group of it is left", hint=hint)
    ports = found.ports
    ports.cloud.ensure()
    subscription, asks = ports.cloud.subscription_id, _asking(ports.arm)
    known = {group: known_baseline(found, group, subscription) for group in groups}
    parts = {group: one.part for group, one in known.items()}
    answers = ask_all(found.run, subscription, parts, asks)

    def live() -> LiveRun:
        return LiveRun(
            run=found.run,
            subscription=subscription,
            parts=parts,
            answers=answers,
            now=right_now(),
            ended=_has_ended(found),
            hearsay=frozenset(group for group, one in known.items() if one.hearsay),
            extended=_extensions(found.folder),
        )

    seen = drifts(live())
    if any(one.rule == NOT_LOOKING for one in seen):
        sleep(_LOOK)
        answers |= asks([question for question in answers if question.path.endswith("/runs")])
        seen = drifts(live())
    return LiveAudit(found.run, seen)


def _asking(arm: RunArm) -> Callable[[Iterable[Question]], Mapping[Question, ArmAnswer]]:
    """Asks several questions at once, with as much patience as all that asks ARM."""

    def answered(question: Question) -> ArmAnswer:
        return arm.read(question.path, question.version, dict(question.query))

    def ask(questions: Iterable[Question]) -> Mapping[Question, ArmAnswer]:
        listed = list(questions)
        with ThreadPoolExecutor(_AT_ONCE, "audit") as pool:
            return dict(zip(listed, pool.map(answered, listed), strict=True))

    return ask


def _groups(found: FoundRun) -> tuple[str, ...]:
    """Those that are to be there, the newest attempt's and the keep group, and those that are."""
    record = found.record
    known = (record.compute_group, record.keep_group) if record and record.phase not in _BEGINNING else ()
    return tuple(dict.fromkeys((*known, *(group.name for group in found.groups))))


def _has_ended(found: FoundRun) -> bool:
    """Whether its nodes have done what they had to, by what they or the client wrote: then their group goes."""
    record = found.record
    return found.outcome is not None or (record is not None and record.result is not None)


def _extensions(folder: RunFolder) -> tuple[Extension, ...]:
    events = (event for event in read_events(folder.audit.path) if event.get("event") == "extend")
    return tuple(Extension(str(event.get("group") or ""), str(event.get("expires"))) for event in events)
