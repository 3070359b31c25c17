"""What ARM had of each resource right after it was made: as the event log noted it, and of what Pulumi made."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.baseline import PartBaseline
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.records import Event
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names
from tfinfra.evidence.jsons import json_bytes
from tfinfra.evidence.sums import sha256
from tfinfra.model import to_json

_FILE, _EVENTS = in_run(names.BASELINE), in_run(names.EVENTS)


def as_noted(evidence: Evidence) -> Iterator[Finding]:
    """Each part is the one whose digest was logged when it was written."""
    noted = _noted(evidence)
    for part, found in (evidence.baseline or {}).items():
        if not isinstance(found, PartBaseline):
            why = f"what ARM had of {part} could not be read when the evidence was written: {found.unreadable}"
            yield _finding(Verdict.UNVERIFIABLE, part, why)
        elif part in noted:
            yield from _compared(part, found, noted[part])
        elif evidence.events:
            yield _finding(Verdict.UNVERIFIABLE, part, f"{_EVENTS} does not tell that what ARM had of {part} was noted")
    for part in noted if evidence.baseline is not None else ():
        if part not in (evidence.baseline or {}):
            yield _finding(Verdict.MISSING, part, f"{_FILE} lacks {part}, which was noted by {_EVENTS}")


def _noted(evidence: Evidence) -> dict[str, Event]:
    """The last event of each part."""
    told = evidence.called("baseline")
    return {part: event for event in told if isinstance(part := event.fields.get("part"), str)}


def _compared(part: str, found: PartBaseline, event: Event) -> Iterator[Finding]:
    was, now = event.fields.get("sha256"), sha256(json_bytes(to_json(found)))
    if was != now:
        sentence = f"what ARM had of {part} was changed: it has another digest than line {event.line} of {_EVENTS} says"
        yield Finding("TFA258", Verdict.CHANGED, part, sentence, _FILE, was=str(was), now=now)
    elif event.fields.get("resources") != len(found.resources):
        said = f"line {event.line} of {_EVENTS} says that there were {event.fields.get('resources')} resources"
        yield _finding(Verdict.CHANGED, part, f"{_FILE} has {len(found.resources)} resources of {part}, and {said}")


def of_what_was_made(evidence: Evidence) -> Iterator[Finding]:
    """Each resource is one of its stack's."""
    for part, found in (evidence.baseline or {}).items():
        stack = (evidence.stacks or {}).get(part)
        if not isinstance(found, PartBaseline) or stack is None or stack.sha256 is None:
            continue  # that the states were not there is told
        made = {each.id.lower() for each in stack.resources if each.id is not None}
        for resource in found.resources:
            if resource.id.lower() not in made:
                sentence = f"{_FILE} has a resource of {part} that {in_run(names.STACKS)} does not have: {resource.id}"
                yield _finding(Verdict.FOREIGN, resource.id, sentence)


def _finding(verdict: Verdict, subject: str, sentence: str) -> Finding:
    return Finding("TFA258", verdict, subject, sentence, _FILE)


CHECKS: tuple[Check, ...] = (as_noted, of_what_was_made)
