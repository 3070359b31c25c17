"""Live runs, held against how they were made: ARM is asked, the run's own record and event log say what is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from tfinfra.arm.requests import ArmAnswer
from tfinfra.audit.log import read_events
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live.check import ask_all, drifts
from tfinfra.auditing.live.checks.timer import NOT_LOOKING
from tfinfra.auditing.live.live_run import Extension, LiveRun
from tfinfra.auditing.live.questions import Question
from tfinfra.errors import TfinfraError, UsageError, first_line
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
"""Seconds until the second look."""
_BEGINNING = (RunPhase.STARTING, RunPhase.PROVISIONING)
_OF_EVERY_EVENT = ("seq", "time", "event", "prev", "group")
_ENDING = (RunPhase.ENDED, RunPhase.DELETING, RunPhase.INCOMPLETE, RunPhase.DELETED)


@dataclass(frozen=True)
class LiveAudit:
    """What was found of one live run."""

    run: str
    found: tuple[Finding, ...]


def one_live(name: str, options: CloudOptions, tell: Progress) -> LiveAudit:
    """Of the run of this id or name. Raises UsageError where it does not live; CredentialsError, ProvisioningError."""
    return looked_at(partial(find_run, name, options, tell))


def all_live(options: CloudOptions, tell: Progress) -> list[LiveAudit]:
    """Of every run of the cloud that the options name, else of all that this machine knows, that lives, or should. One
    that ends meanwhile is left out, which `tell` hears; whatever is wrong with one keeps no other from being looked at.
    Raises what is wrong with the first where none could be: CredentialsError, ProvisioningError."""
    audits, faults = [], list[Exception]()
    for status in all_statuses(options, tell):
        if not status.groups and status.state == RunState.DELETED:
            continue
        try:
            audits.append(looked_at(partial(find_run, status.run, options)))
        except UsageError as error:
            tell(f"{status.run} is left out: {error.message}")
        except Exception as error:  # noqa: BLE001  it is a finding, beside those of the others
            faults.append(error)
            audits.append(_not_looked_at(status.run, error))
    if faults and len(faults) == len(audits):
        raise faults[0]
    return audits


def _not_looked_at(run: str, error: Exception) -> LiveAudit:
    why = first_line(error) if isinstance(error, TfinfraError) else f"{type(error).__name__}: {first_line(error)}"
    return LiveAudit(run, (Finding("TFA603", Verdict.UNVERIFIABLE, run, f"{run} cannot be looked at: {why}"),))


def looked_at(find: Callable[[], FoundRun], sleep: Callable[[float], object] = time.sleep) -> LiveAudit:
    """Where something is missing, or the timer has not looked, a second look counts: a run may be ending, and a cloud
    of this machine runs its timers as it starts. Raises UsageError, CredentialsError, ProvisioningError."""
    audit = audit_found(find())
    if any(one.verdict is Verdict.MISSING or one.rule == NOT_LOOKING for one in audit.found):
        sleep(_LOOK)
        audit = audit_found(find())
    return audit


def audit_found(found: FoundRun) -> LiveAudit:
    """Raises UsageError, CredentialsError."""
    groups = _groups(found)
    if not groups or (not found.exists and found.record is not None and found.record.phase == RunPhase.DELETED):
        hint = f"`tfinfra audit {found.run}` holds its evidence against itself"
        raise UsageError(f"{found.run} does not live: no resource group of it is left", hint=hint)
    ports = found.ports
    ports.cloud.ensure()
    subscription = ports.cloud.subscription_id
    events = _events(found.folder)
    known = {group: known_baseline(found, group, subscription, events) for group in groups}
    parts = {group: one.part for group, one in known.items()}
    live = LiveRun(
        run=found.run,
        subscription=subscription,
        parts=parts,
        answers=ask_all(found.run, subscription, parts, _asking(ports.arm)),
        now=right_now(),
        ended=_has_ended(found),
        extended=_extensions(events),
        hearsay=frozenset(group for group, one in known.items() if one.hearsay),
        replaced=frozenset(group for group, one in known.items() if one.replaced),
        unlogged=frozenset(group for group, one in known.items() if one.unlogged),
    )
    return LiveAudit(found.run, drifts(live))


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
    """Whether its nodes have done what they had to, or somebody ends it, by what is written: then their group goes."""
    record = found.record
    return found.outcome is not None or (record is not None and (record.result is not None or record.phase in _ENDING))


def _events(folder: RunFolder) -> list[dict[str, Any]]:
    """Those of the run's own log; one that cannot be read tells of nothing, which is said of each group."""
    try:
        return read_events(folder.audit.path)
    except OSError:
        return []


def _extensions(events: Iterable[Mapping[str, Any]]) -> tuple[Extension, ...]:
    """Every time that an `extend` event names, whatever it calls it."""
    extended = [event for event in events if event.get("event") == "extend"]
    told = ((event, value) for event in extended for name, value in event.items() if name not in _OF_EVERY_EVENT)
    return tuple(Extension(str(event.get("group") or ""), str(value)) for event, value in told)
