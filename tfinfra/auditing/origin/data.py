"""What a run read: its inputs, and the checkpoints that it went on from."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.loosely import text
from tfinfra.auditing.origin.seen import CHECKPOINTS, INPUT, dependencies, is_data, lock_of
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.told import changed, foreign, missing, unverifiable
from tfinfra.evidence import names
from tfinfra.locking.document import LockedData


def is_the_locks(evidence: Evidence) -> Iterator[Finding]:
    """What was read is what was locked."""
    lock = lock_of(evidence)
    if lock is None or evidence.statement is None:
        return
    held = {f"{INPUT}{name}": data for name, data in lock.inputs.items()}
    held |= {CHECKPOINTS: lock.checkpoints} if lock.checkpoints is not None else {}
    for name, data in held.items():
        yield from _as_locked(evidence, name, data)
    for name in dependencies(evidence):
        if is_data(name) and name not in held:
            sentence = "was read by the run, and is not in the lock"
            if name == CHECKPOINTS:
                yield foreign("TFA316", names.STATEMENT, name, sentence)
            else:
                yield foreign("TFA315", names.STATEMENT, name, sentence)


def _as_locked(evidence: Evidence, name: str, data: LockedData) -> Iterator[Finding]:
    rule, read = "TFA316" if name == CHECKPOINTS else "TFA315", dependencies(evidence).get(name)
    if read is None:
        yield missing(rule, names.STATEMENT, name, "is in the lock, and the statement does not say that it was read")
    elif data.url is not None:
        sentence = "is at a URL: whether it is what was locked, `up --locked` has compared, and nobody here can"
        yield unverifiable(rule, names.LOCK, name, sentence, now=data.url)
    elif data.sha256 is None:
        yield unverifiable(rule, names.LOCK, name, "is declared: it was not here to be hashed when the lock was made")
    elif f"sha256:{read.sha256}" != data.sha256:
        sentence = "is not what was locked"
        yield changed(rule, names.STATEMENT, name, sentence, was=data.sha256, now=f"sha256:{read.sha256}")


def is_what_was_brought(evidence: Evidence) -> Iterator[Finding]:
    """The event log has the digest of each input as it was brought to the nodes."""
    read = dependencies(evidence)
    for event in evidence.called("input"):
        given, digest = text(event.fields.get("name")), text(event.fields.get("sha256"))
        meant = [f"{INPUT}{given}", *([CHECKPOINTS] if given == CHECKPOINTS else [])]  # an input may be called so, too
        said = [read[name].sha256 for name in meant if name in read]
        if digest not in said:
            sentence = "was brought to the nodes with another digest than the statement has"
            yield changed("TFA317", names.EVENTS, given, sentence, was=digest, now=said[0] if said else None)


CHECKS: tuple[Check, ...] = (is_the_locks, is_what_was_brought)
