"""The bill of materials: what the lock holds, what the statement names, and what the nodes saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.loosely import mapping, mappings, text
from tfinfra.auditing.origin.seen import INPUT, dependencies, is_data, lock_of
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.told import changed, foreign, missing
from tfinfra.evidence import bill, names
from tfinfra.evidence.packages import packages_of
from tfinfra.locking.environment import environment_lock
from tfinfra.model import to_json

_PURL = "pkg:"
Digests = Mapping[str, frozenset[str]]
"""{a package's URL: the digests of all files that may be it}."""


def packages_are_the_statements(evidence: Evidence) -> Iterator[Finding]:
    found = {}
    for name, one in dependencies(evidence).items():
        if name.startswith(_PURL):
            listed = one.annotations.get("sha256")
            maybe = listed if isinstance(listed, list) else []
            found[name] = frozenset(filter(None, (one.sha256, *map(text, maybe))))
    if evidence.bill and evidence.statement is not None:
        yield from _compared("TFA321", found, evidence, "the statement")


def packages_are_the_locks(evidence: Evidence) -> Iterator[Finding]:
    lock = lock_of(evidence)
    if lock is not None and evidence.bill:
        held = {one.purl: frozenset(one.digests) for one in packages_of(to_json(environment_lock(lock.environment)))}
        yield from _compared("TFA322", held, evidence, "the lock")


def _compared(rule: str, named: Digests, evidence: Evidence, where: str) -> Iterator[Finding]:
    billed = _packages(evidence)
    for purl in sorted({*named, *billed}):
        if purl not in named:
            yield foreign(rule, names.BILL, purl, f"is no package of {where}")
        elif purl not in billed:
            yield missing(rule, names.BILL, purl, f"is missing, and a package of {where}")
        elif named[purl] != billed[purl]:
            was, now = (", ".join(sorted(digests)) for digests in (named[purl], billed[purl]))
            yield changed(rule, names.BILL, purl, f"has another digest than in {where}", was=was, now=now)


def _packages(evidence: Evidence) -> dict[str, frozenset[str]]:
    found = {}
    for component in mappings(evidence.bill.get("components")):
        hashed = [text(one.get("content")) for one in mappings(component.get("hashes"))]
        maybe = [text(one.get("value")) for one in mappings(component.get("properties"))]
        if purl := text(component.get("purl")):
            found[purl] = frozenset((*hashed, *maybe))
    return found


def the_rest_was_seen(evidence: Evidence) -> Iterator[Finding]:
    """Images, kernels, drivers and GPUs as the nodes recorded them; data as the statement has it."""
    if not evidence.bill or evidence.statement is None:
        return
    seen, there = _seen(evidence), _billed(evidence)
    for name in sorted({*seen, *there}):
        if name not in seen:
            yield foreign("TFA323", names.BILL, name, "was recorded by nobody")
        elif name not in there:
            yield missing("TFA323", names.BILL, name, "is missing, and was recorded")
        elif seen[name] != there[name]:
            yield changed("TFA323", names.BILL, name, "is described otherwise than it was recorded")


def _seen(evidence: Evidence) -> dict[str, Mapping[str, Any]]:
    """By their references; of several with one, the first."""
    told = [to_json(node.evidence.machine) for node in evidence.nodes if node.evidence is not None]
    plan = mapping(evidence.statement.plan if evidence.statement is not None else None)
    planned = {"infrastructure": {"image": mapping(mapping(plan.get("infrastructure")).get("image"))}}
    read = [
        bill.data(name.removeprefix(INPUT), one.sha256)
        for name, one in dependencies(evidence).items()
        if is_data(name) and one.sha256 is not None
    ]
    found: dict[str, Mapping[str, Any]] = {}
    for component in (*bill.machines(told, planned), *read):
        found.setdefault(component["bom-ref"], component)
    return found


def _billed(evidence: Evidence) -> dict[str, Mapping[str, Any]]:
    components = mappings(evidence.bill.get("components"))
    return {text(one.get("bom-ref")): one for one in components if not one.get("purl")}


def model_is_the_outputs(evidence: Evidence) -> Iterator[Finding]:
    """The digest over all outputs."""
    component = mapping(mapping(evidence.bill.get("metadata")).get("component"))
    if not component or evidence.statement is None:
        return
    made = {name: digest for name, digest in evidence.statement.subjects.items() if "%" not in name}
    if len(made) == len(evidence.statement.subjects) and component.get("hashes") != bill.model("", made).get("hashes"):
        sentence = "has another digest of the outputs than those that the statement names"
        yield changed("TFA324", names.BILL, "the model", sentence)


CHECKS: tuple[Check, ...] = (
    packages_are_the_statements,
    packages_are_the_locks,
    the_rest_was_seen,
    model_is_the_outputs,
)
