"""Events that other records prove: what must stand in the event log, and is not there or says something else."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names
from tfinfra.evidence.material import NO_EVENTS

_FILE, _RUN = in_run(names.EVENTS), in_run(names.RUN)
_SECONDS = "_seconds"
_KEYS = ("group", "location", "vm_size")


def ends_of_phases(evidence: Evidence) -> Iterator[Finding]:
    """Each phase whose seconds run.json has ends in the log, unless that is another machine's."""
    told = {event.name for event in evidence.events}
    elsewhere = evidence.statement is None or evidence.statement.lacks(NO_EVENTS) or _FILE in evidence.files.unread
    for key in mapping(evidence.run.get("times")) if told or not elsewhere else ():
        phase = str(key).removesuffix(_SECONDS)
        if phase != key and f"{phase}.end" not in told:
            yield _lacks(f"{phase}.end", f"{_RUN} says how long it took")


def outcome(evidence: Evidence) -> Iterator[Finding]:
    """A client that watched the training to its end logged what the nodes agreed on."""
    told = {event.name for event in evidence.events}
    result = evidence.run.get("result")
    watched = "train.end" in told or ("train.fail" in told and result == "failed")
    if watched and result in ("succeeded", "failed") and "outcome" not in told:
        yield _lacks("outcome", "the training was watched to its end")


def deletion(evidence: Evidence) -> Iterator[Finding]:
    """What was verified was verified gone, or something was left."""
    told = {event.name for event in evidence.events}
    if "verify.end" in told and not told & {"teardown.verified", "teardown.left"}:
        yield _lacks("teardown.verified", "the deletion was verified")


def attempts(evidence: Evidence) -> Iterator[Finding]:
    """Each attempt that was begun is one of the ledger's."""
    if evidence.ledger is None:
        return
    known = [tuple(getattr(each, key) for key in _KEYS) for each in evidence.ledger.attempts]
    for event in evidence.called("attempt"):
        if tuple(event.fields.get(key) for key in _KEYS) not in known:
            sentence = f"line {event.line} of {_FILE} begins an attempt that {in_run(names.LEDGER)} does not have"
            yield Finding("TFA209", Verdict.CHANGED, "attempt", sentence, _FILE, event.line)


def _lacks(event: str, why: str) -> Finding:
    sentence = f"{_FILE} lacks the event {event}: {why}"
    return Finding("TFA209", Verdict.MISSING, event, sentence, _FILE)


CHECKS: tuple[Check, ...] = (ends_of_phases, outcome, deletion, attempts)
