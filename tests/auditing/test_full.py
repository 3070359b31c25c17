"""`audit --full`: inputs that are no longer what the run read, whatever their sizes and times say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.auditing.clean import the_key
from tests.auditing.locked_run import LockedRun, a_locked_run
from tests.locking.test_differences import at_equal_size_and_time
from tfinfra.auditing.audit import Audited
from tfinfra.auditing.findings import Finding
from tfinfra.lifecycle.auditing.audit_run import AuditOptions, audit_run


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LockedRun:
    return a_locked_run(tmp_path, monkeypatch)


def audited(run: Path, *keys: Path) -> Audited:
    return audit_run(run, AuditOptions(public_keys=keys, full=True))


def told(audit: Audited) -> list[Finding]:
    return [each for each in audit.findings if each.rule == "TFA390"]


def test_what_lies_where_the_run_read_it_is_read_anew(locked: LockedRun, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run = locked.write(project / "runs")
    assert told(audited(run)) == []
    at_equal_size_and_time("data/labels.csv")(project)
    (found,) = told(audited(run))
    assert (found.verdict, found.subject) == ("changed", "audit/statement.json: input:labels")
    (project / "runs/digits-zzzzzz/checkpoints/step-7").write_bytes(b"others!")
    assert [each.subject.rpartition(" ")[2] for each in told(audited(run))] == ["checkpoints", "input:labels"]


def test_without_it_nobody_looks(locked: LockedRun, tmp_path: Path) -> None:
    run = locked.write(tmp_path / "project/runs")
    at_equal_size_and_time("data/labels.csv")(tmp_path / "project")
    audit = audit_run(run, AuditOptions())
    assert told(audit) == [] and "TFA390" not in {rule.code for rule, _ in audit.rules}


def test_what_does_not_lie_here_is_told(locked: LockedRun, tmp_path: Path) -> None:
    found = told(audited(locked.write(tmp_path / "elsewhere")))
    assert {each.verdict for each in found} == {"unverifiable"} and len(found) == 3


def test_what_is_around_a_folder_that_lies_in_no_runs_is_not_read(locked: LockedRun, tmp_path: Path) -> None:
    found = told(audited(locked.write(tmp_path / "project/unpacked")))
    assert {each.verdict for each in found} == {"unverifiable"} and len(found) == 3


def _linked_out(project: Path) -> None:
    (project.parent / "outside").mkdir()
    (project.parent / "outside/secret").write_text("1")
    (project / "data/more").symlink_to(project.parent / "outside")


def _linked_out_by_another(project: Path) -> None:
    """By a link in a folder that a link inside leads to."""
    (project / "shared").mkdir()
    (project / "data/shared").symlink_to(project / "shared")
    (project / "shared/secret").symlink_to("/etc/hostname")


def _linked_inside(project: Path) -> None:
    (project / "shared").mkdir()
    (project / "data/shared").symlink_to(project / "shared")
    (project / "shared/again").symlink_to(project / "data")


LINKS: dict[str, tuple[Callable[[Path], None], bool, str]] = {
    "a link leads out": (_linked_out, False, "unverifiable"),
    "a link leads out, and a trusted key signed": (_linked_out, True, "changed"),
    "a link leads to one that leads out": (_linked_out_by_another, False, "unverifiable"),
    "links lead in circles inside": (_linked_inside, False, "changed"),
}


@pytest.mark.parametrize("case", LINKS)
def test_a_link_in_an_input_is_followed_out_where_a_trusted_key_signed_its_path(
    case: str, locked: LockedRun, tmp_path: Path
) -> None:
    link, signed, verdict = LINKS[case]
    inputs = tuple(replace(one, path="data" if one.name == "labels" else one.path) for one in locked.plan.inputs)
    whole = replace(locked, plan=replace(locked.plan, inputs=inputs))
    run = whole.write(tmp_path / "project/runs", the_key() if signed else None)
    key = tmp_path / "key.pub"
    key.write_bytes(the_key().signer.public_key)
    link(tmp_path / "project")
    (found,) = [each for each in told(audited(run, key)) if each.subject.endswith("labels")]
    assert found.verdict == verdict, found.sentence


@pytest.mark.parametrize("signed", [False, True])
def test_a_path_that_leads_elsewhere_is_followed_where_a_trusted_key_signed_it(
    signed: bool, locked: LockedRun, tmp_path: Path
) -> None:
    outside = tmp_path / "outside/labels.csv"
    outside.parent.mkdir()
    outside.write_text("a,b\n")
    inputs = tuple(replace(one, path=str(outside) if one.name == "labels" else one.path) for one in locked.plan.inputs)
    elsewhere = replace(locked, plan=replace(locked.plan, inputs=inputs))
    run = elsewhere.write(tmp_path / "project/runs", the_key() if signed else None)
    key = tmp_path / "key.pub"
    key.write_bytes(the_key().signer.public_key)
    found = [each for each in told(audited(run, key)) if each.subject.endswith("labels")]
    assert [each.verdict for each in found] == ([] if signed else ["unverifiable"])
