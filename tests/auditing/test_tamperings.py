"""Each tampering is found by its own rule, where rules/ says that it is; where nobody could tell, nobody says ok."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.auditing.clean import SUCCEEDED, audit_of, clean, the_key, trusting
from tests.auditing.record_tamperings import RECORD, SIGNED, STORIES
from tests.auditing.tampering import anew
from tfinfra.auditing.audit import Audited, audited, fails
from tfinfra.auditing.findings import Verdict
from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.rule_table import rules
from tfinfra.evidence import names
from tfinfra.lifecycle.auditing.find_folder import run_named_by
from tfinfra.lifecycle.auditing.read_run import read_run

TAMPERINGS = {**SIGNED, **RECORD}
FOUND = {found.what: (rule.code, found) for rule in rules() for found in rule.finds if found.what in TAMPERINGS}
SIGNATURE = {"TFA101", "TFA102", "TFA104", "TFA105", "TFA106"}

WHOLE_IN_ITSELF = "all of another run, signed by the same key, takes the place of a run's"
"""No digest of it is another one when it is written anew."""


def codes(audit: Audited) -> set[str]:
    """Of the findings that say that something is wrong."""
    return {each.rule for each in audit.findings if each.verdict is not Verdict.UNVERIFIABLE}


def tampered(sentence: str, folder: Path, *, signed: bool, with_digests: bool) -> Audited:
    run = clean(folder, the_key() if signed else None, STORIES.get(sentence, SUCCEEDED))
    TAMPERINGS[sentence](run)
    if with_digests:
        anew(run)
    return audit_of(run)


def test_each_tampering_with_signature_files_and_record_has_its_row() -> None:
    rows = {found.what for rule in rules() for found in rule.finds if rule.code.startswith(("TFA1", "TFA2"))}
    assert rows == set(TAMPERINGS)


def _expects(where: str | None, *, signed: bool) -> bool:
    return where == "unsigned" or (where == "signed" and signed)


@pytest.mark.parametrize("sentence", TAMPERINGS)
def test_what_is_done_alone_is_found_by_its_own_rule(sentence: str, tmp_path: Path) -> None:
    code, found = FOUND[sentence]
    for signed in (False, True) if found.alone == "unsigned" else (True,):
        if sentence.startswith("all digests"):
            continue
        audit = tampered(sentence, tmp_path / str(signed), signed=signed, with_digests=False)
        assert (code in codes(audit)) == _expects(found.alone, signed=signed), audit.findings
        assert audit.verdict is not Verdict.OK


@pytest.mark.parametrize("sentence", [what for what, (_, found) in FOUND.items() if found.anew is not None])
def test_where_all_digests_are_written_anew_records_or_the_signature_tell(sentence: str, tmp_path: Path) -> None:
    code, found = FOUND[sentence]
    by_signature = code in SIGNATURE or found.anew == "never"
    still_signed = code in SIGNATURE or sentence == WHOLE_IN_ITSELF
    if not by_signature:
        unsigned = tampered(sentence, tmp_path / "unsigned", signed=False, with_digests=True)
        assert (code in codes(unsigned)) == (found.anew == "unsigned"), unsigned.findings
        assert unsigned.verdict is not Verdict.OK
        if found.anew == "signed":
            assert codes(unsigned) == set() and unsigned.verdict is Verdict.UNVERIFIABLE
    signed = tampered(sentence, tmp_path / "signed", signed=True, with_digests=True)
    if found.anew == "never":
        assert codes(signed) == set() and signed.verdict is Verdict.UNVERIFIABLE
    else:
        assert codes(signed) & ({code} if still_signed else SIGNATURE)


def test_signatures_that_were_removed_without_a_trace_are_told_where_one_must_be(tmp_path: Path) -> None:
    run = clean(tmp_path, the_key())
    TAMPERINGS["the signatures and all that mentions them are removed (--require-signature tells)"](run)
    assert not fails(audit_of(run), "error")
    audit = audit_of(run, trusting(the_key(), require_signature=True))
    assert codes(audit) == {"TFA103"} and fails(audit, "error")


def test_any_byte_of_signed_evidence_counts(tmp_path: Path) -> None:
    """Also those between values, and those of the sums themselves."""
    run = clean(tmp_path, the_key())
    for name in (names.STATEMENT, names.SIGNED_STATEMENT, names.SUMS):
        path = run / "audit" / name
        data = path.read_bytes()
        path.write_bytes(data[:-1] + b" ")
        assert codes(audit_of(run)), name
        path.write_bytes(data)
    assert audit_of(run).verdict is Verdict.OK


BROKEN = (
    names.STATEMENT,
    names.RUN,
    names.LEDGER,
    names.BASELINE,
    names.BILL,
    names.EVENTS,
    names.JOURNAL,
    "nodes/0.json",
)


@pytest.mark.parametrize("sentence", [what for what, (_, found) in FOUND.items() if found.alone == "unsigned"])
def test_a_rule_whose_record_cannot_be_read_is_not_ok(sentence: str, tmp_path: Path) -> None:
    """What it would have found there is there."""
    if sentence.startswith("all digests"):
        return
    run = clean(tmp_path, None, STORIES.get(sentence, SUCCEEDED))
    TAMPERINGS[sentence](run)
    files, code = read_run(run, "run", run_named_by(Path("runs") / run.name)), FOUND[sentence][0]
    for name in [each for each in BROKEN if each in files.evidence]:
        broken = replace(files, evidence={**files.evidence, name: b"{"})
        became = {rule.code: verdict for rule, verdict in audited(read_evidence(broken, trusting())).rules}
        assert became[code] is not Verdict.OK, name
