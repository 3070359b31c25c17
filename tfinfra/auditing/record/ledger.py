"""What was billed, by the ledger, the run's record, the event log, and what nodes and their cloud say of the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mappings
from tfinfra.auditing.moments import seconds
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.record.attested import created, documents
from tfinfra.auditing.record.times import CLIENT_SKEW
from tfinfra.auditing.run_files import in_run
from tfinfra.documents.moments import spelt
from tfinfra.evidence import names
from tfinfra.evidence.jsons import moment
from tfinfra.model import to_json
from tfinfra.money.ledger import Interval, Ledger
from tfinfra.text.wording import apart

_FILE, _RUN = in_run(names.LEDGER), in_run(names.RUN)
_CENT = 0.0002
"""US dollars by which a sum may be rounded."""


def as_the_run_says(evidence: Evidence) -> Iterator[Finding]:
    """run.json has the same limits, and the same intervals as far as it has them: it may be a little older."""
    ledger, run = evidence.ledger, evidence.run
    if ledger is None or not run:
        return
    said = {"deadline": ledger.deadline, "limit": ledger.limit, "usd_per_hour": ledger.usd_per_hour}
    said |= {"max_cost_usd": ledger.max_cost_usd, "on": ledger.on}
    for key, value in said.items():
        if key in run and run[key] != value:
            yield _other(key, run[key], value)
    listed = mappings(run.get("ledger"))
    if len(listed) > len(ledger.intervals):
        yield _other("the number of intervals", len(listed), len(ledger.intervals))
    for number, (one, other) in enumerate(zip(listed, ledger.intervals, strict=False), 1):
        for key, was, now in _different(one, other):
            yield _other(f"{key} of interval {number}", was, now)


def _different(listed: Mapping[str, Any], interval: Interval) -> Iterator[tuple[str, Any, Any]]:
    """Where run.json and the ledger differ in an interval; one that was open may be closed meanwhile."""
    own = to_json(interval)
    for key in ("group", "part", "usd_per_hour"):
        if listed.get(key) != own[key]:
            yield key, listed.get(key), own[key]
    closed = listed.get("end") is not None
    for key in ("start", "end") if closed else ("start",):
        now = None if own[key] is None else spelt(own[key])
        if listed.get(key) != now:
            yield key, listed.get(key), now


def attempts(evidence: Evidence) -> Iterator[Finding]:
    """run.json and the ledger have the same attempts, and every group that was billed is one of the run's."""
    ledger = evidence.ledger
    if ledger is None:
        return
    listed = evidence.run.get("attempts")
    own = to_json(ledger.attempts)
    if isinstance(listed, list) and listed != own[: len(listed)]:
        yield _other("attempts", len(listed), len(own))
    run = evidence.run_id
    for interval in ledger.intervals:
        if run is not None and not interval.group.startswith(f"tfinfra-{run}-"):
            yield _odd(interval.group, f"the group {interval.group}, which is not of the run {run}")


def sum_of(evidence: Evidence) -> Iterator[Finding]:
    """What it came to is the sum of the intervals, once all of them have ended."""
    ledger = evidence.ledger
    if ledger is None or any(each.end is None for each in ledger.intervals):
        return
    usd = Ledger(ledger.intervals).usd(0.0)
    if abs(usd - ledger.usd) > _CENT:
        yield _odd("usd", f"{ledger.usd} USD, and its intervals come to {usd:.4f}")
    for each in ledger.intervals:
        if each.end is not None and each.end < each.start:
            yield _odd(each.group, f"the interval of {each.group} ends before it begins")


def as_the_cloud_says(evidence: Evidence) -> Iterator[Finding]:
    """Nodes lived while their group was billed: their cloud made its documents then."""
    ledger = evidence.ledger
    billed = [each for each in ledger.intervals if each.part == "compute"] if ledger is not None else []
    if ledger is not None and ledger.on is not None:  # its hours are in that run's ledger
        if billed:
            yield _odd("compute", f"a compute group, though the nodes were those of {ledger.on}")
        if ledger.on == evidence.run_id:
            yield _odd("on", "the run itself as the one whose nodes it was on")
        return
    if ledger is not None and not billed and evidence.nodes:
        yield _odd("compute", "no compute group, though there were nodes")
        return
    for document in documents(evidence):
        made = created(document)
        if made is None or not billed:
            continue
        if not any(_within(made, each) for each in billed):
            file = in_run(document.name)
            yield _odd(file, f"no compute group at {moment(made)}, when the cloud made {file}")


def _within(at: float, interval: Interval) -> bool:
    return interval.start - CLIENT_SKEW <= at and (interval.end is None or at <= interval.end + CLIENT_SKEW)


def as_the_events_say(evidence: Evidence) -> Iterator[Finding]:
    """Each group that the event log has an attempt of, or saw deleted, was billed, and until then."""
    ledger = evidence.ledger
    if ledger is None or not evidence.events:
        return
    billed = {each.group for each in ledger.intervals}
    for event in evidence.called("teardown.verified"):
        at, groups = seconds(event.time), event.fields.get("groups")
        if at is None or not isinstance(groups, list):
            continue
        for each in ledger.intervals:
            if each.group in groups and each.end is not None and each.end > at + CLIENT_SKEW:
                yield _odd(each.group, f"{each.group} until {moment(each.end)}, and it was gone at {moment(at)}")
    run = evidence.run_id
    for node in evidence.nodes:
        group = _group(node.evidence.machine.resource_id) if node.evidence is not None else None
        others = group is not None and ledger.on is not None and group.lower().startswith(f"tfinfra-{ledger.on}-")
        if group is not None and run and not others and group.lower() not in {each.lower() for each in billed}:
            yield _odd(group, f"nothing of {group}, in which node {node.number} was")


def _group(resource_id: str) -> str | None:
    parts = resource_id.split("/")
    return parts[4] if len(parts) > 4 and parts[3].lower() == "resourcegroups" else None


def _other(key: str, was: object, now: object) -> Finding:
    sentence = f"{_FILE} says something else of {key} than {_RUN}"
    before, there = apart(str(was), str(now), 80)
    return Finding("TFA230", Verdict.CHANGED, key, sentence, _FILE, was=before, now=there)


def _odd(subject: str, what: str) -> Finding:
    return Finding("TFA231", Verdict.CHANGED, subject, f"{_FILE} has {what}", _FILE)


CHECKS: tuple[Check, ...] = (as_the_run_says, attempts, sum_of, as_the_cloud_says, as_the_events_say)
