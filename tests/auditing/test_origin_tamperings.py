"""What the audit says of a locked run's lock, source, data, bill of materials and nodes: each tampering by its own
rule, where rules/ says that it is found, and nothing of a clean run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.auditing.clean import audit_of, the_key
from tests.auditing.locked_run import LockedRun, a_locked_run
from tests.auditing.origin_tamperings import FULL, NEVER, TAMPERINGS, UNLOCKED, differs, other_plan
from tests.auditing.tampering import anew, events
from tests.auditing.test_tamperings import SIGNATURE, codes
from tfinfra.auditing.findings import Verdict
from tfinfra.auditing.rule_table import rules
from tfinfra.evidence.material import GivenInput
from tfinfra.model import CHECKS, NodeCheck, NodeEnvironment, NodeMachine, from_json

FOUND = {
    found.what: (rule.code, found) for rule in rules() for found in rule.finds if rule.code[:4] in ("TFA3", "TFA4")
}


@dataclass(frozen=True)
class Written:
    """The evidence of one locked run, signed and unsigned, to be copied."""

    run: LockedRun
    folder: Path

    def copied(self, folder: Path, *, signed: bool) -> Path:
        source = self.folder / ("signed" if signed else "unsigned")
        (name,) = (path.name for path in source.iterdir() if path.is_dir())
        shutil.copytree(source / name, folder / name)
        return folder / name


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    folder = tmp_path_factory.mktemp("locked")
    with pytest.MonkeyPatch.context() as patch:
        run = a_locked_run(folder, patch)
    run.write(folder / "signed", the_key())
    run.write(folder / "unsigned")
    yield Written(run, folder)


def test_nothing_is_wrong_with_a_locked_run(written: Written, tmp_path: Path) -> None:
    signed = audit_of(written.copied(tmp_path / "signed", signed=True))
    assert (signed.findings, signed.verdict) == ((), Verdict.OK)
    unsigned = audit_of(written.copied(tmp_path / "unsigned", signed=False))
    assert [each.rule for each in unsigned.findings] == ["TFA103"]


def test_each_tampering_has_its_row() -> None:
    assert {*FOUND} == {*TAMPERINGS, FULL, NEVER, UNLOCKED}
    assert {found.alone for _, found in FOUND.values()} == {"unsigned", "never"}


@pytest.mark.parametrize("sentence", TAMPERINGS)
def test_what_is_done_alone_is_found_signed_or_not(sentence: str, written: Written, tmp_path: Path) -> None:
    for signed in (False, True):
        run = written.copied(tmp_path / str(signed), signed=signed)
        TAMPERINGS[sentence](run)
        audit = audit_of(run)
        assert FOUND[sentence][0] in codes(audit), audit.findings


@pytest.mark.parametrize("sentence", [what for what in TAMPERINGS if FOUND[what][1].anew is not None])
def test_where_all_digests_are_written_anew_other_records_tell(sentence: str, written: Written, tmp_path: Path) -> None:
    code, found = FOUND[sentence]
    assert found.anew == "unsigned"
    run = written.copied(tmp_path / "unsigned", signed=False)
    TAMPERINGS[sentence](run)
    anew(run)
    audit = audit_of(run)
    assert code in codes(audit), audit.findings
    signed = written.copied(tmp_path / "signed", signed=True)
    TAMPERINGS[sentence](signed)
    anew(signed)
    assert codes(audit_of(signed)) & SIGNATURE


def test_a_key_that_was_edited_in_the_lock_is_told_at_its_line(written: Written, tmp_path: Path) -> None:
    run = written.copied(tmp_path, signed=False)
    TAMPERINGS["a key of the manifest is edited in the lock, and its digest recomputed"](run)
    (found,) = (each for each in audit_of(run).findings if each.rule == "TFA306")
    assert (found.subject, found.was, found.now) == ("audit/lock.yaml: limits.keep_outputs", "604800", "1")
    assert (run / found.file).read_text().splitlines()[found.line - 1] == "  keep_outputs: 1"


UNLOCKED_NODES: dict[str, Any] = {"locked": None, "checks": ()}


def unlocked(run: LockedRun, folder: Path) -> Path:
    return run.write(folder, origin=replace(run.origin, lock=None), node=UNLOCKED_NODES)


def evicted(run: LockedRun, folder: Path) -> Path:
    """Azure took the second node back before it could record itself."""
    gone = replace(run.node(1), evidence=None)
    return run.write(folder, nodes=(run.node(0), gone), missing=("the evidence of node 1: it wrote none",))


def with_other_line_ends(run: LockedRun, folder: Path) -> Path:
    """A checkout whose files end their lines as this machine's do, by .gitattributes."""
    held = run.origin.source["helper.py"]
    source = {**run.origin.source, "helper.py": "cc" * 32}
    return run.write(folder, origin=replace(run.origin, source=source, line_ends={"helper.py": held}))


def with_declared_checks(run: LockedRun, folder: Path) -> Path:
    """An interpreter that is another build of the same Python, so that files differ."""
    proofs = {"environment": "declared", "wheels": "declared", "interpreter": "declared"}
    checks = tuple(NodeCheck(name, proofs.get(name, "verified"), "it is another build") for name in CHECKS)
    built = NodeEnvironment(run.lock.environment.key, "3.11.9", "c3" * 32, "c4" * 32, computed=True)
    return run.write(folder, node={"checks": checks, "environment": built})


def with_an_unknown_version(run: LockedRun, folder: Path) -> Path:
    """The metadata service does not say which version of the image runs."""
    image = replace(run.plan.infrastructure.image, version=None)

    def told(number: int) -> NodeMachine:
        said = run.node(number).evidence
        assert said is not None
        return replace(from_json(NodeMachine, said["machine"]), image=image)

    return run.write(folder, nodes=tuple(run.node(number, machine=told(number)) for number in range(2)))


def with_an_input_called_checkpoints(run: LockedRun, folder: Path) -> Path:
    inputs = (GivenInput("checkpoints", "0d" * 32, 1, 1), GivenInput("", "0e" * 32, 1, 1))
    return unlocked(replace(run, origin=replace(run.origin, inputs=inputs)), folder)


BENIGN = {
    "a run without a lock": unlocked,
    "an evicted node": evicted,
    "an input that is called as the checkpoints are": with_an_input_called_checkpoints,
    "line ends by .gitattributes": with_other_line_ends,
    "checks that could compare nothing": with_declared_checks,
    "an image whose version nobody tells": with_an_unknown_version,
}


@pytest.mark.parametrize("case", BENIGN)
def test_what_is_no_tampering_is_silent(case: str, written: Written, tmp_path: Path) -> None:
    audit = audit_of(BENIGN[case](written.run, tmp_path))
    ranks = {"TFA210", "TFA211", "TFA256"}  # a node that was taken back ends a run otherwise than this one ended
    assert codes(audit) - (ranks if case == "an evicted node" else set()) == set(), audit.findings


def without(check: str, *, failed: str) -> tuple[NodeCheck, ...]:
    proofs = {failed: "failed"}
    return tuple(NodeCheck(name, proofs.get(name, "verified"), "it differs") for name in CHECKS if name != check)


LACKING = {
    "a check of all nodes, where a failed one ended the run": ("gpus", True, {"TFA404"}),
    "a check of all nodes, where the run went on": ("gpus", False, {"TFA402"}),
    "a check that needs no other node": ("image", True, {"TFA402"}),
}


@pytest.mark.parametrize(("lacking", "ended", "rules"), LACKING.values(), ids=LACKING)
def test_a_check_that_was_not_made(
    lacking: str, ended: bool, rules: set[str], written: Written, tmp_path: Path
) -> None:
    nodes = tuple(written.run.node(number, checks=without(lacking, failed="owners")) for number in range(2))
    run = written.run.write(tmp_path, nodes=nodes)
    if ended:
        events(differs, rechained=True)(run)
        anew(run)
    told = [each for each in audit_of(run).findings if f"the check '{lacking}'" in str(each)]
    assert {each.rule for each in told} == rules


def test_a_run_without_a_lock_is_held_against_its_own_plan(written: Written, tmp_path: Path) -> None:
    run = unlocked(written.run, tmp_path)
    other_plan(run)
    anew(run)
    assert FOUND[UNLOCKED][0] in codes(audit_of(run))
