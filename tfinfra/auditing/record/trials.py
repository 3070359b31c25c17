"""The trials of a tune: its journal, and what their leaders logged, against what the event log noted of both."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names
from tfinfra.evidence.sums import sha256

_FILE = in_run(names.JOURNAL)


def as_written(evidence: Evidence) -> Iterator[Finding]:
    """Each entry of the journal has the digest that the event log noted when it was written, and none is missing."""
    if not evidence.events:
        return
    noted = [str(event.fields.get("sha256")) for event in evidence.called("journal")]
    if evidence.journal is None:
        if noted and not evidence.faults:
            sentence = f"{_FILE} is missing: the event log notes {len(noted)} entries of a journal"
            yield Finding("TFA260", Verdict.MISSING, _FILE, sentence, _FILE)
        return
    found = [sha256(line) for line in evidence.journal]
    for number, (was, now) in enumerate(zip_longest(noted, found), 1):
        if was == now:
            continue
        verdict = Verdict.MISSING if now is None else Verdict.FOREIGN if was is None else Verdict.CHANGED
        sentence = f"line {number} of {_FILE} is not the entry that the event log notes there"
        yield Finding("TFA260", verdict, f"entry {number}", sentence, _FILE, number, was=was, now=now)


def as_logged(evidence: Evidence) -> Iterator[Finding]:
    """The points of each trial's leader have the digest that the event log noted when the trial ended."""
    if evidence.plan is None or evidence.plan.tune is None or evidence.files.alone:
        return
    for event in evidence.called("trial"):
        was, number = event.fields.get("points"), event.fields.get("number")
        name = f"{names.TRIALS}/{number}/metrics/{evidence.plan.tasks[0].name}.jsonl"
        now = evidence.files.digests.get(name, sha256(b""))
        if isinstance(was, str) and was != now and name not in evidence.files.unread:
            sentence = f"{name} is not what trial {number} had logged when it ended"
            yield Finding("TFA261", Verdict.CHANGED, name, sentence, name, was=was, now=now)


CHECKS: tuple[Check, ...] = (as_written, as_logged)
