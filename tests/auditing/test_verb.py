"""`tfinfra audit` as a person and a pipeline call it: which folder, which keys, exit codes, formats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.auditing.clean import Story, clean, the_key
from tests.auditing.clouds import attesting
from tests.cli.formats.written import read_junit, read_sarif
from tests.evidence.made import RUN, a_key
from tests.lifecycle.record.test_record import a_record
from tfinfra.auditing.rule_table import OFFLINE, rules
from tfinfra.cli.main import main
from tfinfra.lifecycle.record.run_record import run_folder

KEY = ["--public-key", "key.pub"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a run that the_key has signed in runs/, and key.pub; this machine knows its cloud."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "state/cloud").mkdir(parents=True, mode=0o700)
    (tmp_path / "state/cloud/ca.pem").write_bytes(attesting().trust.roots)
    (tmp_path / "state").chmod(0o700)
    here = tmp_path / "here"
    clean(here / "runs", the_key())
    (here / "key.pub").write_bytes(the_key().signer.public_key)
    monkeypatch.chdir(here)
    return here


def edit(folder: Path) -> None:
    (folder / "runs" / RUN / "outputs/model.json").write_text("[]")


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("named", [RUN, f"runs/{RUN}", f"runs/{RUN}/", f"runs/{RUN}/audit"])
def test_a_run_is_named_by_its_id_or_by_its_folder(named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", named, *KEY]) == 0
    out, err = capsys.readouterr()
    assert out == f"runs/{RUN}: ok: nothing was changed; signed by key.pub, {len(_looked())} rules ok\n"
    assert err == ""


def test_a_person_is_told_the_first_findings_of_a_rule_and_a_program_all(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(33):
        (folder / "runs" / RUN / f"outputs/{number}").write_text("")
    assert main(["audit", RUN, *KEY]) == 11
    out, err = capsys.readouterr()
    assert err.count("error[TFA142]: outputs/") == 20 and "33 foreign" in out
    assert f"error[TFA142]: runs/{RUN}: 13 more findings of this rule, which --json tells" in err
    assert main(["audit", RUN, *KEY, "--json"]) == 11
    assert [each["rule"] for each in document(capsys)["findings"]].count("TFA142") == 33


def _looked() -> list[str]:
    return [rule.code for rule in rules() if rule.code.startswith(OFFLINE)]


def test_a_run_is_found_by_its_record_wherever_its_outputs_are(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "runs").rename(tmp_path / "elsewhere")
    record = a_record(run=RUN, name="digits", results=str(tmp_path / "elsewhere" / RUN))
    run_folder(tmp_path / "state", RUN).write(record)
    for word in (RUN, "digits"):
        assert main(["audit", word, *KEY, "--json"]) == 0
        assert document(capsys)["folder"] == str(tmp_path / "elsewhere" / RUN)


def _by_id(folder: Path) -> str:
    return RUN


def _by_its_record(folder: Path) -> str:
    (folder / "runs" / RUN).rename(folder / "home")
    run_folder(folder.parent / "state", RUN).write(a_record(run=RUN, name="digits", results=str(folder / "home")))
    return "digits"


def _by_a_path(folder: Path) -> str:
    return str(folder / "runs" / RUN)


@pytest.mark.parametrize("asked", [_by_id, _by_its_record, _by_a_path])
def test_whole_evidence_of_another_run_is_not_the_run_that_was_asked_for(
    asked: Callable[[Path], str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "runs" / RUN).rename(folder / "its own")
    clean(folder / "runs", the_key(), Story(run="digits-xyz789")).rename(folder / "runs" / RUN)
    assert main(["audit", asked(folder), *KEY]) == 11
    out, err = capsys.readouterr()
    assert ": foreign: something foreign is in it; of run digits-xyz789, signed by key.pub, " in out
    assert f"error[TFA205]: audit/statement.json is about the run digits-xyz789, and this is to be {RUN}" in err


@pytest.mark.parametrize("name", ["kept", "before-backup"])
def test_a_folder_with_a_name_of_its_own_is_the_run_that_its_statement_says(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "runs" / RUN).rename(folder / name)
    assert main(["audit", name, *KEY]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: ok: nothing was changed; of run {RUN}, signed by key.pub, ")


WRONG: dict[str, tuple[list[str], str]] = {
    "a run that nobody knows": (["nowhere"], "there is no run 'nowhere' on this machine"),
    "a folder that is not there": (["./nowhere"], "there is no folder 'nowhere'"),
    "a folder of something else": (["."], "'.' holds nothing of a run"),
    "a key that is not there": (
        [RUN, "--public-key", "no.pub"],
        "the public key 'no.pub' cannot be read: No such file",
    ),
    "a key that is none": ([RUN, "--public-key", "note"], "'note' holds no public key in PEM"),
    "a private key": ([RUN, "--public-key", "key.pem"], "'key.pem' holds a private key, which an auditor has"),
    "a key in the run's folder": (
        [RUN, "--public-key", f"runs/{RUN}/key.pub"],
        f"the key 'runs/{RUN}/key.pub' lies in",
    ),
    "a report among what is looked at": (
        [RUN, "--sarif", f"runs/{RUN}/s.sarif"],
        f"--sarif: 'runs/{RUN}/s.sarif' lies in the folder that is looked at",
    ),
    "two reports in one file": ([RUN, "--sarif", "s", "--junit", "s"], "--sarif and --junit name one file, 's'"),
    "guardrails that cannot be read": ([RUN], "unknown key 'trust'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_carried_out_is_exit_2(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "note").write_text("no key")
    (folder / "key.pem").write_bytes(the_key().private)
    (folder / "runs" / RUN / "key.pub").write_bytes(the_key().signer.public_key)
    if case.startswith("guardrails"):
        trust(folder, "trust: [key.pub]")
    words, message = WRONG[case]
    assert main(["audit", *words]) == 2
    assert message in capsys.readouterr().err


def trust(folder: Path, text: str) -> None:
    """The guardrails of the user's own configuration."""
    config = folder.parent / "config"
    config.mkdir(exist_ok=True)
    (config / "guardrails.yaml").write_text(f"{text}\n")


def test_own_guardrails_say_whose_signature_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust(folder, "audit: {trust: [team.pub, other.pub]}")
    (folder.parent / "config/team.pub").write_bytes(the_key().signer.public_key)
    (folder.parent / "config/other.pub").write_bytes(a_key().signer.public_key)
    assert main(["audit", RUN, "--json"]) == 0
    found = document(capsys)
    assert (found["verdict"], found["signed_by"]["name"]) == ("ok", str(folder.parent / "config/team.pub"))


def _other_key(folder: Path) -> None:
    (folder / "key.pub").write_bytes(a_key().signer.public_key)


def _unsigned(folder: Path) -> None:
    for path in (folder / "runs").rglob("*"):
        path.unlink() if path.is_file() else None
    clean(folder / "runs")


def _same_in_another_case(folder: Path) -> None:
    files = {"outputs/a": b"1", "outputs/A": b"2", "nodes/agent-0.log": b"", "nodes/agent-1.log": b""}
    for path in (folder / "runs").rglob("*"):
        path.unlink() if path.is_file() else None
    clean(folder / "runs", the_key(), files=files)


def nothing(folder: Path) -> None:
    del folder


EXITS: dict[str, tuple[Callable[[Path], None], list[str], int, str]] = {
    "nothing was changed": (nothing, [], 0, "ok"),
    "an output was": (edit, [], 11, "changed"),
    "another key signed": (_other_key, [], 11, "foreign"),
    "nobody signed": (_unsigned, [], 0, "unverifiable"),
    "nobody signed, and somebody must have": (_unsigned, ["--require-signature"], 11, "missing"),
    "nobody signed, and what is unverifiable counts": (_unsigned, ["--fail-on", "unverified"], 11, "unverifiable"),
    "its own outputs differ in case alone": (_same_in_another_case, ["--fail-on", "unverified"], 0, "ok"),
}


@pytest.mark.parametrize("case", EXITS)
def test_the_exit_code_says_whether_something_was_found_that_counts(
    case: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words, code, verdict = EXITS[case]
    change(folder)
    assert main(["audit", RUN, *KEY, *words, "--json"]) == code
    found = document(capsys)
    assert (found["exit_code"], found["verdict"]) == (code, verdict)


def test_a_signature_that_must_be_there_is_one_of_a_trusted_key(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", RUN, "--require-signature"]) == 2
    assert "--require-signature asks for the signature of a key that you trust" in capsys.readouterr().err
    assert main(["audit", RUN, *KEY, "--require-signature"]) == 0
    _unsigned(folder)
    assert main(["audit", RUN, "--require-signature"]) == 11


def test_what_was_found_is_told_with_its_file_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(folder)
    assert main(["audit", RUN, *KEY]) == 11
    out, err = capsys.readouterr()
    assert out.startswith(f"runs/{RUN}: changed: something was changed; signed by key.pub, ")
    assert out.endswith(" rules ok, 2 changed\n")
    assert (
        "error[TFA140]: outputs/model.json is not the file that the run made: 44136fa355b3678a → 4f53cda18c2baa0c"
        in err
    )
    assert f" --> runs/{RUN}/outputs/model.json:1:1" in err


def test_no_name_in_a_run_makes_a_line_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"runs/{RUN}: ok: nothing was changed; signed by key.pub, {len(_looked())} rules ok"
    for between in ("\n", "\r", "\r\n", "\x0b", "\u2028", "\x85"):
        (folder / "runs" / RUN / f"outputs/a{between}{said.replace('/', '_')}{between}b").write_text("")
    assert main(["audit", RUN, *KEY]) == 11
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 and out.startswith(f"runs/{RUN}: changed: ")
    assert not any(line.startswith(("runs", "b")) for line in err.splitlines())
    assert f"outputs/a\\nruns_{RUN}: ok: " in err and f"outputs/a\\r\\nruns_{RUN}: ok: " in err


def test_sarif_has_a_result_for_each_finding_and_junit_a_case_for_each_rule(folder: Path) -> None:
    edit(folder)
    assert main(["audit", RUN, *KEY, "--sarif", "s.sarif", "--junit", "j.xml"]) == 11
    run = read_sarif(folder / "s.sarif")
    assert [each["ruleId"] for each in run["results"]] == ["TFA105", "TFA140"]
    assert {each["level"] for each in run["results"]} == {"error"}
    place = run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == f"runs/{RUN}/outputs/model.json"
    assert run["tool"]["driver"]["rules"][1]["shortDescription"]["text"] == "what the run made was changed"
    (suite,) = read_junit(folder / "j.xml")
    cases = {str(case.get("name"))[:6]: case.find("failure") is not None for case in suite.iter("testcase")}
    assert list(cases) == _looked()
    assert [code for code, failed in cases.items() if failed] == ["TFA105", "TFA140"]


def test_rules_that_nobody_could_look_at_are_not_told_as_ok(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _unsigned(folder)
    (folder / "runs" / RUN / "audit/statement.json").write_text("{}")
    assert main(["audit", RUN, "--json"]) == 11
    became = {each["rule"]: each["verdict"] for each in document(capsys)["rules"]}
    blind = ("TFA101", "TFA102", "TFA105", "TFA111", "TFA130", "TFA140", "TFA142", "TFA309", "TFA321", "TFA415")
    assert {became[code] for code in blind} == {"unverifiable"} and became["TFA201"] == "ok"
    assert main(["audit", RUN, "--junit", "j.xml"]) == 11
    (suite,) = read_junit(folder / "j.xml")
    skipped = {str(case.get("name"))[:6] for case in suite.iter("testcase") if case.find("skipped") is not None}
    assert skipped == {code for code, verdict in became.items() if verdict == "unverifiable"}
    assert re.search(r"; no trusted signature, \d+ rules ok, \d\d not looked at, ", capsys.readouterr().out)


def test_formats_are_written_where_nothing_is_wrong(folder: Path) -> None:
    assert main(["audit", RUN, *KEY, "--sarif", "s.sarif", "--junit", "j.xml"]) == 0
    assert read_sarif(folder / "s.sarif")["results"] == []
    (suite,) = read_junit(folder / "j.xml")
    assert (suite.get("tests"), suite.get("failures")) == (str(len(_looked())), "0")


def test_an_audit_writes_nothing(folder: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
    assert main(["audit", RUN, *KEY]) == 0
    assert {path: path.lstat().st_mtime_ns for path in folder.rglob("*")} == before
