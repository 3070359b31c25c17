"""What a rebuild takes out of the evidence: files that the signed statement names, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence.names import DEPLOY, LOCK, NODES, RESOLVED, in_json
from tfinfra.evidence.sums import sha256

_FOLDERS = (f"{DEPLOY}/", f"{NODES}/")


def taken(evidence: Evidence) -> Mapping[str, bytes]:
    """Those of audit/ that a rebuild reads, by their names there."""
    files = evidence.files.evidence
    return {name: data for name, data in files.items() if name in (LOCK, RESOLVED) or name.startswith(_FOLDERS)}


def unlike_statement(evidence: Evidence) -> Iterator[Finding]:
    """The files that a rebuild reads and that are not what was signed."""
    signed = evidence.statement.byproducts if evidence.statement is not None else {}
    for name, data in sorted(taken(evidence).items()):
        if signed.get(in_json(name)) != sha256(data):
            sentence = f"{in_run(name)} is not the file that was signed: nothing is built anew from it"
            yield Finding("TFA501", Verdict.CHANGED, in_run(name), sentence, in_run(name))
