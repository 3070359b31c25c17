"""The rule table: what it says of itself, and where it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.rule_table import NEVER, OFFLINE, SIGNED, SUBJECTS, UNSIGNED, Rule, rule, rules
from tfinfra.auditing.run_files import Auditor, RunFiles
from tfinfra.auditing.unread import unread
from tfinfra.cli.main import main
from tfinfra.evidence import names

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "audit.md"
RECORDS = unread(read_evidence(RunFiles("", {names.LOCK: b""}, {"outputs/a": ""}, alone=True), Auditor()))
"""All that can be unread, as nothing of it is there."""
TABLE = re.compile(r"(?<=<!-- tamperings -->\n).*(?=<!-- /tamperings -->)", re.DOTALL)


def test_the_document_has_the_table_of_what_is_found(request: pytest.FixtureRequest) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    if request.config.getoption("--update-goldens"):
        text = TABLE.sub(lambda _: table(), text)
        DOCUMENT.write_text(text, encoding="utf-8")
    assert TABLE.search(text)[0] == table()  # type: ignore[index]


def table() -> str:
    """All tamperings, by their rules."""
    rows = ["| tampering | rule | alone | all digests anew |", "|---|---|---|---|"]
    for each in rules():
        rows += [f"| {f.what} | {each.code} | {f.alone} | {f.anew or ''} |" for f in each.finds]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("each", rules(), ids=lambda each: each.code)
def test_a_rule_is_whole(each: Rule) -> None:
    assert re.fullmatch(r"TFA[1-6]\d\d", each.code) and each.subject in SUBJECTS.values()
    assert each.title and each.text.endswith(".") and rule(each.code) is each
    assert set(each.of) <= RECORDS, each.of
    for found in each.finds:
        assert {found.alone, found.anew} <= {UNSIGNED, SIGNED, NEVER, None}


def test_every_rule_that_a_check_names_has_its_row_and_the_other_way_round() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "tfinfra").rglob("*.py"))
    assert set(re.findall(r'"(TFA\d{3})"', text)) == {each.code for each in rules()}


def test_each_rule_of_evidence_says_which_records_it_looks_at() -> None:
    """But for those that tell that something is not there, not of its form, or unsigned."""
    offline = {each.code for each in rules() if each.code.startswith(OFFLINE)}
    without = {"TFA103", "TFA106", "TFA107", "TFA120", "TFA122", "TFA123"}
    assert {each.code for each in rules() if not each.of} & offline == without


def test_a_tampering_has_one_row() -> None:
    told = [found.what for each in rules() for found in each.finds]
    assert len(told) == len(set(told))


def test_explain_has_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "tfa201"]) == 0
    assert capsys.readouterr().out.startswith("TFA201: the event log is broken\n\nEach line of events.jsonl holds")
    assert main(["explain"]) == 0
    assert "TFA201  the event log is broken" in capsys.readouterr().out
