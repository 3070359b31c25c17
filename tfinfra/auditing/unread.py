"""What of the evidence nobody could look at: of a rule that needs it is not said that all is well (rules/, `of`)."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.origin.seen import lock_of
from tfinfra.auditing.read_evidence import Evidence
from tfinfra.auditing.signed.signer import holds_signature
from tfinfra.evidence import names

PLAN, KEY, MADE, LOGS = "plan", "key", f"../{names.OUTPUTS}", f"../{names.LOGS[0]}"
"""What has no file in audit/ of its own: the statement's plan, a key that is trusted, what the run made, its logs."""


def unread(evidence: Evidence) -> frozenset[str]:
    """The names of records in audit/, and of those above, that are not there or could not be read. What a run need not
    have, and has not, is none of them."""
    return frozenset((*_records(evidence), *_signatures(evidence), *_beside(evidence)))


def _records(evidence: Evidence) -> Iterator[str]:
    statement = evidence.statement
    there = {
        names.STATEMENT: statement is not None,
        PLAN: evidence.plan is not None,
        names.RUN: bool(evidence.run),
        names.LEDGER: evidence.ledger is not None,
        names.STACKS: evidence.stacks is not None,
        names.BASELINE: evidence.baseline is not None,
        names.BILL: bool(evidence.bill),
        names.EVENTS: bool(evidence.events),
        names.JOURNAL: evidence.journal is not None or not _is_tune(evidence),
        names.NODES: bool(evidence.nodes) and not _has_unread_nodes(evidence),
        names.SUMS: evidence.sums is not None,
        names.LOG_SUMS: evidence.log_sums is not None,
        names.SOURCE_SUMS: evidence.source_sums is not None,
        names.LOCK: lock_of(evidence) is not None or not _needs_lock(evidence),
        **{file: file in evidence.files.evidence for file in _DEPLOYED},
    }
    yield from (name for name, is_there in there.items() if not is_there)


_DEPLOYED = (f"{names.DEPLOY}/plan.json", f"{names.DEPLOY}/{names.RESOLVED}")


def _is_tune(evidence: Evidence) -> bool:
    return evidence.plan is None or evidence.plan.tune is not None or names.JOURNAL in evidence.files.evidence


def _needs_lock(evidence: Evidence) -> bool:
    return evidence.statement is None or evidence.statement.locked or names.LOCK in evidence.files.evidence


def _has_unread_nodes(evidence: Evidence) -> bool:
    files = {*evidence.files.evidence, *(name.partition("/")[2] for name in evidence.files.unread)}
    read = {node.file for node in evidence.nodes}
    return any(name.startswith(f"{names.NODES}/") and name.endswith(".json") and name not in read for name in files)


def _signatures(evidence: Evidence) -> Iterator[str]:
    if not holds_signature(evidence, names.SIGNED_STATEMENT):
        yield names.SIGNED_STATEMENT
    has_outputs = any(name.startswith(f"{names.OUTPUTS}/") for name in evidence.files.digests)
    if has_outputs and not holds_signature(evidence, names.MODEL_SIGNATURE):
        yield names.MODEL_SIGNATURE
    if not evidence.auditor.keys:
        yield KEY


def _beside(evidence: Evidence) -> Iterator[str]:
    yield from (f"../{name}" for name in (names.RUN, names.EVENTS) if name not in evidence.files.beside)
    if evidence.files.alone:
        yield from (MADE, LOGS)
