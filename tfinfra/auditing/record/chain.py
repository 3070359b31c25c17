"""The event log: each line holds the digest of the line before it, and the statement the digest of the last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.moments import seconds
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.records import Event
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names
from tfinfra.evidence.chain import FIRST, chain_head, link

_FILE = in_run(names.EVENTS)
_CORRECTED = ("preflight.end", "prepare.end")
"""Until then the first answer of a cloud may correct a client's clock that was wrong (system/clock.py)."""
_STEP_BACK = 5.0
"""Seconds that a clock may be set back between two lines, as when it is synchronised."""


def chain(evidence: Evidence) -> Iterator[Finding]:
    """From the first line on each follows from the one before it. The first line that does not is told."""
    before, number = FIRST, 0
    for event in evidence.events:
        if event.line != number + 1:
            return  # a line between is none: that is told
        if event.before != before or event.seq != number:
            sentence = f"line {event.line} of {_FILE} does not follow from the line before it"
            was, now = event.before, before
            yield Finding("TFA201", Verdict.CHANGED, f"event {number}", sentence, _FILE, event.line, was, now)
            return
        before, number = link(event.raw), number + 1


def head(evidence: Evidence) -> Iterator[Finding]:
    """The log ends where the statement says."""
    data, statement = evidence.files.evidence.get(names.EVENTS), evidence.statement
    if data is None or statement is None:
        return
    said, (last, lines) = statement.events, chain_head(data)
    if said is None:
        yield Finding("TFA202", Verdict.MISSING, _FILE, f"the statement does not say where {_FILE} ends", _FILE)
    elif (said.head, said.lines) != (last, lines):
        what = f"it has {lines} lines, and had {said.lines}" if lines != said.lines else "its last line is another"
        sentence = f"{_FILE} does not end where the statement says: {what}"
        verdict = Verdict.MISSING if lines < said.lines else Verdict.CHANGED
        yield Finding("TFA202", verdict, _FILE, sentence, _FILE, lines, said.head, last)


def whole_lines(evidence: Evidence) -> Iterator[Finding]:
    """The last line has its end: a line that was cut short has none."""
    data = evidence.files.evidence.get(names.EVENTS)
    if data and not data.endswith(b"\n"):
        yield Finding("TFA202", Verdict.CHANGED, _FILE, f"the last line of {_FILE} has no end", _FILE)


def order(evidence: Evidence) -> Iterator[Finding]:
    """No event is earlier than the one before it."""
    latest, its_line = 0.0, 0
    for event in evidence.events:
        moment = seconds(event.time)
        if moment is None:
            sentence = f"line {event.line} of {_FILE} has no time, but '{event.time[:40]}'"
            yield Finding("TFA204", Verdict.CHANGED, f"event {event.seq}", sentence, _FILE, event.line)
            continue
        if event.name in _CORRECTED:
            latest = min(latest, moment)
        if moment < latest - _STEP_BACK:
            sentence = f"line {event.line} of {_FILE} is {latest - moment:.0f} s earlier than line {its_line}"
            yield Finding("TFA204", Verdict.CHANGED, f"event {event.seq}", sentence, _FILE, event.line)
        if moment >= latest:
            latest, its_line = moment, event.line


def phases(evidence: Evidence) -> Iterator[Finding]:
    """A phase that ends has begun, and took as long as it says."""
    begun: dict[str, float | None] = {}
    for event in evidence.events:
        phase, _, what = event.name.rpartition(".")
        if what == "begin":
            begun[phase] = seconds(event.time)
        elif what in ("end", "fail") and "seconds" in event.fields and f"{phase}.end" not in _CORRECTED:
            why = _odd_phase(event, phase, begun)
            if why is not None:
                sentence = f"line {event.line} of {_FILE}: {why}"
                yield Finding("TFA207", Verdict.CHANGED, phase, sentence, _FILE, event.line)


def _odd_phase(event: Event, phase: str, begun: Mapping[str, float | None]) -> str | None:
    if phase not in begun:
        return f"the phase {phase} ends, and has not begun"
    began, ended, took = begun[phase], seconds(event.time), event.fields["seconds"]
    if began is None or ended is None or not isinstance(took, (int, float)):
        return None
    if abs(ended - began - took) <= _STEP_BACK:
        return None
    return f"the phase {phase} took {took} s by what it says, and {ended - began:.0f} s by its times"


def copy_beside(evidence: Evidence) -> Iterator[Finding]:
    """The log that lies beside the outputs for people is the same one; it may go on after the evidence was written."""
    beside, own = evidence.files.beside.get(names.EVENTS), evidence.files.evidence.get(names.EVENTS)
    if beside is None or own is None or beside.startswith(own) or (own.startswith(beside) and beside):
        return
    sentence = f"{names.EVENTS} beside the outputs is another log than {_FILE}"
    yield Finding("TFA203", Verdict.CHANGED, names.EVENTS, sentence, names.EVENTS)


CHECKS: tuple[Check, ...] = (chain, head, whole_lines, order, phases, copy_beside)
