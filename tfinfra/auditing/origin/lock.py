"""The lock of a locked run: itself, and whether the run's other records are of the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.loosely import text
from tfinfra.auditing.origin.seen import deploy_files, lock_of, read_lock_of
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.told import changed, foreign, missing, unverifiable
from tfinfra.errors import ManifestError
from tfinfra.evidence import names
from tfinfra.locking.as_manifest import SOURCES
from tfinfra.locking.canonical import sha256
from tfinfra.locking.compare.manifest_keys import differing
from tfinfra.locking.compare.pair import same, shown_apart
from tfinfra.locking.compare.within import misfits
from tfinfra.locking.document import LockedIndexes
from tfinfra.manifest.document import Document, KeyPath, dotted
from tfinfra.manifest.key_schema import EDITORS, LOCK
from tfinfra.manifest.reading.reader import read_document
from tfinfra.model import Unfit, parse


def is_there(evidence: Evidence) -> Iterator[Finding]:
    """A locked run has its lock, and no other has one."""
    if evidence.statement is None:
        return
    there = names.LOCK in evidence.files.evidence
    if evidence.statement.locked and not there:
        yield missing("TFA301", names.LOCK, "", "is missing, and the statement is that of a locked run")
    if there and not evidence.statement.locked:
        yield foreign("TFA301", names.LOCK, "", "is here, and the statement is that of a run without a lock")


def is_as_written(evidence: Evidence) -> Iterator[Finding]:
    """Its shape, its own digest, its parts against each other."""
    if names.LOCK not in evidence.files.evidence:
        return
    read = read_lock_of(evidence)
    if read is None:
        yield changed("TFA302", names.LOCK, "", "is no YAML mapping that anybody can read")
        return
    for fault in read.found:
        line = f"line {fault.position.line}" if fault.position else ""
        yield changed("TFA302", names.LOCK, line, f"is of no lock: {fault.message}")
    if read.is_stale:
        yield changed("TFA303", names.LOCK, "", "was changed after it was written: its digest is that of another text")
    for path, _, message in misfits(read.lock) if read.lock is not None else ():
        yield changed("TFA304", names.LOCK, ".".join(map(str, path)), f"does not fit: {message}")


def is_the_one_that_was_run(evidence: Evidence) -> Iterator[Finding]:
    """Its digest stands in the event log, and in what each node recorded."""
    lock = lock_of(evidence)
    if lock is None:
        return
    noted = [text(event.fields.get("digest")) for event in evidence.called("lock")]
    for digest in noted:
        if digest != lock.digest:
            sentence = "names another lock than the one that is here"
            yield changed("TFA305", names.EVENTS, "", sentence, was=digest, now=lock.digest)
    for node in evidence.nodes:
        record = node.evidence
        if record is not None and record.locked != lock.digest.removeprefix("sha256:"):
            sentence = "held itself against another lock than the one that is here, or against none"
            was = f"sha256:{record.locked}" if record.locked else "none"
            yield changed("TFA305", node.file, "", sentence, was=was, now=lock.digest)


def is_of_its_manifest(evidence: Evidence) -> Iterator[Finding]:
    """Each key of the manifest that was compiled."""
    read, compiled = read_lock_of(evidence), _compiled(evidence)
    if read is None or read.lock is None or compiled is None:
        return
    for path, was, now in differing(_as_written(compiled), _as_written(read.document)):
        sentence = f"is another value than in {names.DEPLOY}/{names.RESOLVED}, which was compiled"
        there, here = shown_apart(was, now)
        place = read.document.key(path)
        found = changed("TFA306", names.LOCK, dotted(path), sentence, was=there, now=here)
        yield replace(found, line=place.line if place is not None else 0)


def _compiled(evidence: Evidence) -> Document | None:
    data = deploy_files(evidence.files.evidence).get(names.RESOLVED)
    try:
        return read_document(data, names.RESOLVED, "")[0] if data is not None else None
    except ManifestError:
        return None


def _as_written(document: Document) -> dict[str, Any]:
    """Its keys, each scalar as it is written: of 1e-3 one text has quotes, and the other needs none. Without the key
    `lock`, and without the hosts of packages, which a lock has not."""
    found = {key: _texts(document, value, (key,)) for key, value in document.data.items() if key not in (LOCK, EDITORS)}
    target = found.get("compute_target")
    if isinstance(target, dict):
        found["compute_target"] = {key: value for key, value in target.items() if key not in SOURCES}
    return found


def _texts(document: Document, value: Any, path: KeyPath) -> Any:
    if isinstance(value, Mapping):
        return {key: _texts(document, each, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [_texts(document, each, (*path, index)) for index, each in enumerate(value)]
    return document.texts.get(path, value)


def is_of_its_program(evidence: Evidence) -> Iterator[Finding]:
    """Each file of the deploy folder. Where packages come from another index than the usual one, the lock has its alias
    in these files, and who audits may not know it."""
    lock, there = lock_of(evidence), deploy_files(evidence.files.evidence)
    if lock is None:
        return
    held, usual = lock.infrastructure.deploy.files, lock.environment.indexes == LockedIndexes()
    for name in sorted({*held, *there}):
        file = f"{names.DEPLOY}/{name}"
        if name not in there:
            yield missing("TFA307", file, "", "is missing, and the lock has it")
        elif name not in held:
            yield foreign("TFA307", file, "", "is no file of the lock's deploy folder")
        elif sha256(there[name]) != held[name] and usual:
            yield changed("TFA307", file, "", "is not as it was locked")
        elif sha256(there[name]) != held[name]:
            yield unverifiable("TFA307", file, "", "may name package indexes, which the lock has by their aliases")


def image_is_exact(evidence: Evidence) -> Iterator[Finding]:
    """The lock's image is a certain one, and the plan's."""
    lock, plan = lock_of(evidence), evidence.plan
    if lock is None:
        return
    image = lock.infrastructure.image
    if image.endswith((":latest", "/versions/latest")):
        yield changed("TFA308", names.LOCK, "the image", "is the newest there is, which no lock can hold", now=image)
    elif plan is not None and image != plan.infrastructure.image.name:
        was = plan.infrastructure.image.name
        yield changed("TFA308", names.LOCK, "the image", "is not that of the plan", was=was, now=image)


def plan_is_the_programs(evidence: Evidence) -> Iterator[Finding]:
    """The plan that the statement has is the one that Pulumi's program read."""
    data, statement = deploy_files(evidence.files.evidence).get("plan.json"), evidence.statement
    if data is None or statement is None or statement.plan is None:
        return
    try:
        program = parse(data, len(data))
    except Unfit:
        yield changed("TFA309", f"{names.DEPLOY}/plan.json", "", "is no plan that anybody can read")
        return
    if not same(program, statement.plan):
        yield changed("TFA309", f"{names.DEPLOY}/plan.json", "", "is another plan than the one in the statement")


CHECKS: tuple[Check, ...] = (
    is_there,
    is_as_written,
    is_the_one_that_was_run,
    is_of_its_manifest,
    is_of_its_program,
    image_is_exact,
    plan_is_the_programs,
)
