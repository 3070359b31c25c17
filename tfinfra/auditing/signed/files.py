"""Whether audit/ holds the files that the statement names, as it names them, and whether the sums say the same."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import TOO_LARGE, TOO_MUCH, in_run
from tfinfra.evidence import names
from tfinfra.evidence.material import NO_BASELINE, NO_EVENTS, NO_PLAN
from tfinfra.evidence.names import in_json
from tfinfra.evidence.sums import sha256, sums

_ALWAYS = (names.STATEMENT, names.SUMS, names.RUN, names.LEDGER, names.STACKS, names.LOG_SUMS, names.BILL)
"""What no evidence is without, whatever could not be had."""


def forms(evidence: Evidence) -> Iterator[Finding]:
    """Each file is of its form."""
    yield from evidence.faults


def all_there(evidence: Evidence) -> Iterator[Finding]:
    """No file that the evidence must have, or that its statement names, is missing."""
    named = evidence.statement.byproducts if evidence.statement is not None else {}
    listed = [name for name in evidence.sums or {} if not name.startswith("../")]
    looked = (evidence.files.unread, evidence.files.odd)
    there = {*map(in_json, evidence.files.evidence), names.SIGNED_STATEMENT}  # signatures have a rule of their own
    for name in dict.fromkeys([*_ALWAYS, *named, *listed]):
        if in_json(name) not in there and not any(in_run(name) in each for each in looked):
            sentence = f"{in_run(name)} is missing"
            yield Finding("TFA110", Verdict.MISSING, in_run(name), sentence, was=named.get(name))


def said_to_be_missing(evidence: Evidence) -> Iterator[Finding]:
    """What a run may be without the statement names then."""
    statement = evidence.statement
    if statement is None:
        return
    looked = (evidence.files.unread, evidence.files.odd)
    for name, said in ((names.EVENTS, NO_EVENTS), (names.BASELINE, NO_BASELINE)):
        there = name in evidence.files.evidence or name in statement.byproducts
        if not there and not statement.lacks(said) and not any(in_run(name) in each for each in looked):
            sentence = f"{in_run(name)} is missing, and the statement does not say why"
            yield Finding("TFA110", Verdict.MISSING, in_run(name), sentence)
    if statement.plan is None and not statement.lacks(NO_PLAN):
        file = in_run(names.STATEMENT)
        yield Finding("TFA110", Verdict.MISSING, "plan", f"{file} has no plan, and does not say why", file)


def as_stated(evidence: Evidence) -> Iterator[Finding]:
    """Each file has the digest that the statement has for it, and no other file is there."""
    if evidence.statement is None:
        return
    byproducts = evidence.statement.byproducts
    own = (names.STATEMENT, names.SUMS, *names.SIGNATURES)
    for name, data in sorted(evidence.files.evidence.items()):
        shown, digest = in_run(in_json(name)), sha256(data)
        if name in own:
            continue
        was = byproducts.get(in_json(name))
        if was is None:
            sentence = f"{shown} is a file that the statement does not name"
            yield Finding("TFA112", Verdict.FOREIGN, shown, sentence, shown)
        elif was != digest:
            sentence = f"{shown} was changed: it has another digest than the statement says"
            yield Finding("TFA111", Verdict.CHANGED, shown, sentence, shown, was=was, now=digest)


def as_summed(evidence: Evidence) -> Iterator[Finding]:
    """SHA256SUMS is the list of all files, as it is written, and says what the statement says."""
    listed, data = evidence.sums, evidence.files.evidence.get(names.SUMS)
    if listed is None or data is None:
        return
    file = in_run(names.SUMS)
    if sums(listed) != data:
        yield Finding("TFA113", Verdict.CHANGED, file, f"{file} is not as it was written: lines or blanks of it", file)
    said, expected = {in_json(name): digest for name, digest in listed.items()}, _expected(evidence)
    for name in sorted({*said, *expected}):
        if _leads_out(name):
            yield Finding("TFA130", Verdict.FOREIGN, name, f"{file} names '{name}', which is no file of a run", file)
        elif said.get(name) != expected.get(name) and not _is_told(evidence, name):
            shown, was = name.removeprefix("../") if name.startswith("../") else in_run(name), said.get(name)
            sentence = f"{file} has {'no' if was is None else 'another'} digest of {shown}"
            yield Finding("TFA113", Verdict.CHANGED, shown, sentence, file, was=was, now=expected.get(name))


def _expected(evidence: Evidence) -> dict[str, str]:
    """What the sums should say of files in audit/, and of those beside it, which the statement and logs.sha256 name.
    What is gone may stand in it: that it is gone is told already."""
    there = {in_json(name): sha256(data) for name, data in evidence.files.evidence.items() if name != names.SUMS}
    said = {in_json(name): digest for name, digest in (evidence.sums or {}).items()}
    gone = {name: digest for name, digest in said.items() if not name.startswith("../") and name not in there}
    beside = {name: digest for name, digest in said.items() if name.startswith("../")}
    if evidence.statement is not None and evidence.log_sums is not None:
        subjects = evidence.statement.subjects.items()
        beside = {f"../{name}": digest for name, digest in subjects if not name.startswith(in_run(""))}
        beside |= {in_json(name): digest for name, digest in evidence.log_sums.items()}
    return {**gone, **there, **beside}


def _is_told(evidence: Evidence, name: str) -> bool:
    """Whether a file of audit/ is not as the statement has it, which has a rule of its own."""
    stated = evidence.statement.byproducts.get(name) if evidence.statement is not None else None
    data = evidence.files.evidence.get(name)
    return stated is not None and data is not None and sha256(data) != stated


def _leads_out(name: str) -> bool:
    beside, parts = name.startswith("../"), name.removeprefix("../").split("/")
    if {"", ".", ".."} & set(parts) or "\0" in name:
        return True
    return beside and parts[0] not in (*names.SUBJECTS, *names.LOGS)


def unread(evidence: Evidence) -> Iterator[Finding]:
    """What could not be read is said, with the reason; what is no plain file is none of the run's."""
    for name, why in sorted(evidence.files.unread.items()):
        if why == TOO_LARGE or (why == TOO_MUCH and name.startswith(in_run(""))):  # logs may be long
            yield Finding("TFA120", Verdict.CHANGED, name, f"{name} is not what it should be: {why}", name)
            continue
        hint = "read it as a user who may" if "permission" in why.lower() else None
        yield Finding("TFA122", Verdict.UNVERIFIABLE, name, f"{name} could not be read: {why}", name, hint=hint)
    for name, kind in sorted(evidence.files.odd.items()):
        yield Finding("TFA123", Verdict.FOREIGN, name, f"{name} is {kind}, and no file: it is not followed", name)


def not_had(evidence: Evidence) -> Iterator[Finding]:
    """What the statement says could not be had when it was written."""
    for why in evidence.statement.missing if evidence.statement is not None else ():
        sentence = f"the evidence was written without something: {why}"
        yield Finding("TFA134", Verdict.UNVERIFIABLE, why, sentence, in_run(names.STATEMENT))


CHECKS: tuple[Check, ...] = (unread, forms, all_there, said_to_be_missing, as_stated, as_summed, not_had)
