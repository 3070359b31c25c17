"""What each node of a locked run has checked, and the environment that it ran."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.origin.seen import lock_of
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.told import changed, missing, unverifiable
from tfinfra.evidence import names
from tfinfra.locking.document import ManifestLock
from tfinfra.model import CHECKS as NODE_CHECKS
from tfinfra.model import SIDE_BY_SIDE, NodeEvidence

FAILED = {
    "bundle": "TFA420",
    "wheels": "TFA421",
    "records": "TFA422",
    "owners": "TFA423",
    "environment": "TFA424",
    "interpreter": "TFA425",
    "image": "TFA426",
    "preload": "TFA427",
    "gpus": "TFA428",
    "variables": "TFA429",
}
"""{a check of a node: the rule that tells that it failed}."""
_TOO_LATE = "a failed check had ended the run before this node had the records of all others"


def have_recorded_themselves(evidence: Evidence) -> Iterator[Finding]:
    """A node that died early, or was taken back, may have left nothing: the statement says so then."""
    statement = evidence.statement
    for node in evidence.nodes:
        if node.evidence is not None:
            continue
        if statement is not None and statement.lacks(f"the evidence of node {node.number}"):
            yield unverifiable("TFA401", node.file, "", "has no record of the node, and the statement says so")
        else:
            yield missing("TFA401", node.file, "", "has no record of the node, and nothing says why")


def have_checked(evidence: Evidence) -> Iterator[Finding]:
    """Each node has made each check; what it found, or could not compare, is said here again. A check that needs the
    records of all nodes is not made once a node's failed check has ended the run, which is told beside it."""
    if evidence.statement is None or not evidence.statement.locked:
        return
    too_late = SIDE_BY_SIDE if _ended_because_a_node_differs(evidence) and "failed" in _proofs(evidence) else ()
    for node in evidence.nodes:
        made = {check.name: check for check in node.evidence.checks} if node.evidence is not None else {}
        for name in NODE_CHECKS if node.evidence is not None else ():
            check = made.get(name)
            if check is None and name in too_late:
                yield unverifiable("TFA404", node.file, f"the check '{name}'", f"was not made: {_TOO_LATE}")
            elif check is None:
                sentence = f"was not made: nobody looked whether {NODE_CHECKS[name]}"
                yield missing("TFA402", node.file, f"the check '{name}'", sentence)
            elif check.proof == "failed":
                yield changed(FAILED[name], node.file, f"the check '{name}'", f"failed: {check.why}")
            elif check.proof == "declared":
                yield unverifiable("TFA404", node.file, f"the check '{name}'", f"compared nothing: {check.why}")


def have_the_locks_environment(evidence: Evidence) -> Iterator[Finding]:
    """The key, Python's version and, where all builds hold the same bytes, the digest of all files."""
    lock = lock_of(evidence)
    if lock is None:
        return
    for node in evidence.nodes:
        if node.evidence is not None:
            yield from _environment(node.file, node.evidence, lock)


def _environment(file: str, record: NodeEvidence, lock: ManifestLock) -> Iterator[Finding]:
    held, there = lock.environment, record.environment
    if there.key != held.key:
        yield changed("TFA405", file, "", "ran another environment than the lock's", was=held.key, now=there.key)
    if there.python != held.python.version:
        sentence = "ran another Python than the lock's"
        yield changed("TFA406", file, "", sentence, was=held.python.version, now=there.python)
    compared = {check.name: check.proof for check in record.checks}.get("environment")
    tree = f"sha256:{there.tree}"
    if held.installed is not None and there.computed and compared == "verified" and tree != held.installed.tree:
        sentence = "says that its environment is the lock's, and its files have another digest"
        yield changed("TFA405", file, "", sentence, was=held.installed.tree, now=tree)


def failed_where_the_run_says_so(evidence: Evidence) -> Iterator[Finding]:
    """Where the run ended because a node differs, a node has said how."""
    proofs = _proofs(evidence)
    if _ended_because_a_node_differs(evidence) and proofs and "failed" not in proofs:
        sentence = "says that a node is not what the lock says, and no check of any node has failed"
        yield changed("TFA403", names.EVENTS, "the outcome", sentence)


def _ended_because_a_node_differs(evidence: Evidence) -> bool:
    return any(event.fields.get("differs") is True for event in evidence.called("outcome"))


def _proofs(evidence: Evidence) -> set[str]:
    """What became of all checks of all nodes."""
    return {check.proof for node in evidence.nodes if node.evidence is not None for check in node.evidence.checks}


CHECKS: tuple[Check, ...] = (
    have_recorded_themselves,
    have_checked,
    failed_where_the_run_says_so,
    have_the_locks_environment,
)
