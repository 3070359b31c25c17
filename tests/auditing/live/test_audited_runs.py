"""`tfinfra audit --live`: what is known of a run here, what its cloud answers, and how that is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.auditing.live.rehearsed import COMPUTE, COMPUTE_NAME, KEEP_NAME, RULES, TIMER, Rehearsed
from tests.auditing.live.test_drift import LATER, retag, rule
from tests.lifecycle.fakes import World
from tests.lifecycle.record.test_record import a_record
from tests.stacks.recording import RUN, SUBSCRIPTION
from tfinfra.arm.requests import ArmAnswer
from tfinfra.auditing.baseline import SUFFIX
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.cli.main import main
from tfinfra.errors import CredentialsError, ProvisioningError, Result, UsageError
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.attach.find_run import ANYWHERE
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.auditing.live import LiveAudit, all_live, audit_found, looked_at
from tfinfra.lifecycle.record.names import part_of
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.run_status import unknown_status
from tfinfra.lifecycle.run.arm import NO_QUERY, RunArm
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import Outcome, to_json
from tfinfra.store import MemoryStore, keys
from tfinfra.system.progress import say_nothing

GROUPS = tuple(RunGroup(name, RUN, "") for name in (COMPUTE_NAME, KEEP_NAME))


class Arm(RunArm):
    """ARM as a rehearsal has it."""

    def __init__(self, run: Rehearsed) -> None:
        self._run = run

    def read(self, path: str, version: str, query: Mapping[str, str] = NO_QUERY, *, patient: bool = True) -> ArmAnswer:
        assert patient
        return self._run.read(path, version, query)


def found(
    run: Rehearsed,
    tmp_path: Path,
    groups: tuple[RunGroup, ...] = GROUPS,
    outcome: Outcome | None = None,
    **changes: Any,
) -> FoundRun:
    """The run with its record and its baselines on this machine, as its event log has them."""
    folder, world = run_folder(tmp_path / "state", RUN), World(tmp_path)
    folder.write(a_record(RUN, **changes))
    folder.audit_folder.mkdir(parents=True)
    for group, part in run.parts.items():
        if part is not None:
            path = folder.audit_folder / f"{part_of(group, RUN)}{SUFFIX}"
            path.write_text(json.dumps(to_json(part)))
            folder.audit.append("baseline", part=part_of(group, RUN), sha256=sha256(path.read_bytes()))
    made = world.ports()
    cloud = replace(made.cloud, subscription_id=SUBSCRIPTION)
    ports = Ports(cloud, Arm(run), made.workshop, made.open_store, made.clock)
    return FoundRun(RUN, folder, folder.read(), lambda: ports, groups, None, outcome)


def rules_of(audit: LiveAudit) -> set[str]:
    return {each.rule for each in audit.found}


def test_an_untouched_run_is_silent_and_a_changed_one_is_not(run: Rehearsed, tmp_path: Path) -> None:
    live = found(run, tmp_path)
    assert audit_found(live).found == ()
    run.change(RULES, properties=rule(run, "ssh", "*"))
    (one,) = audit_found(live).found
    assert one.rule == "TFA611"
    assert one.sentence.startswith(f"{RUN}-rules: securityRules.ssh was added: ")
    assert "access Allow" in one.sentence and "sourceAddressPrefix *" in one.sentence


def test_a_group_that_lost_its_tag_is_looked_at_all_the_same(run: Rehearsed, tmp_path: Path) -> None:
    retag(COMPUTE, **{"tfinfra-run": None})(run)
    assert rules_of(audit_found(found(run, tmp_path, GROUPS[1:]))) == {"TFA652"}


def test_an_extension_that_the_run_s_own_log_tells_of_is_none(run: Rehearsed, tmp_path: Path) -> None:
    live = found(run, tmp_path)
    retag(COMPUTE, **{"tfinfra-expires-at": LATER})(run)
    live.folder.audit.append("extend", group=KEEP_NAME, expires=LATER)
    assert rules_of(audit_found(live)) == {"TFA651"}
    live.folder.audit.append("extend", group=COMPUTE_NAME, expires=LATER)
    assert audit_found(live).found == ()


ENDED: dict[str, dict[str, Any]] = {
    "by its client": {"result": "succeeded"},
    "by its nodes": {"outcome": Outcome(Result.SUCCEEDED, "", ended=1.0)},
    "by somebody's `down`": {"phase": "deleting"},
}


@pytest.mark.parametrize("how", ENDED)
def test_of_a_run_that_has_ended_the_nodes_may_be_gone(how: str, run: Rehearsed, tmp_path: Path) -> None:
    assert run.arm.delete(COMPUTE).status == 202
    run.arm.settle()
    assert audit_found(found(run, tmp_path, GROUPS[1:], **ENDED[how])).found == ()


def test_what_is_missing_is_looked_for_again_as_a_run_may_be_ending(run: Rehearsed, tmp_path: Path) -> None:
    live = found(run, tmp_path)
    assert run.arm.delete(COMPUTE).status == 202
    run.arm.settle()
    assert rules_of(looked_at(lambda: live, lambda _: None)) == {"TFA602"}
    ended = replace(live, outcome=Outcome(Result.SUCCEEDED, "", ended=1.0))
    looks = iter((live, ended))
    assert looked_at(lambda: next(looks), lambda _: None).found == ()


def test_a_run_that_is_being_made_misses_nothing(run: Rehearsed, tmp_path: Path) -> None:
    run.parts[COMPUTE_NAME] = None
    assert run.arm.delete(COMPUTE).status == 202
    run.arm.settle()
    assert audit_found(found(run, tmp_path, GROUPS[1:], phase="provisioning")).found == ()


@pytest.mark.parametrize("text", [None, "{", '{"group": "another", "taken": 1, "resources": []}'])
def test_a_baseline_that_is_none_is_said(text: str | None, run: Rehearsed, tmp_path: Path) -> None:
    live = found(run, tmp_path)
    path = live.folder.audit_folder / f"compute{SUFFIX}"
    path.unlink() if text is None else path.write_text(text)
    assert [(one.rule, one.subject) for one in audit_found(live).found] == [("TFA605", COMPUTE_NAME)]


def test_of_another_machine_s_run_the_store_tells_and_that_is_said(run: Rehearsed, tmp_path: Path) -> None:
    live, store = found(run, tmp_path), MemoryStore()
    for path in live.folder.audit_folder.glob(f"*{SUFFIX}"):
        store.put(keys.baseline_key(path.name.removesuffix(SUFFIX)), path.read_bytes())
        path.unlink()
    elsewhere = replace(live, store=store)
    assert {(one.rule, str(one.verdict)) for one in audit_found(elsewhere).found} == {("TFA607", "unverifiable")}
    run.change(RULES, properties=rule(run, "ssh", "*"))
    assert rules_of(audit_found(elsewhere)) == {"TFA607", "TFA611"}


HOSTILE: dict[str, dict[str, Any]] = {
    "another host": {"id": "@evil.example/x"},
    "another subscription": {"id": "/subscriptions/other/resourceGroups/g"},
    "a query": {"id": f"{COMPUTE}?x=1"},
    "a way up": {"id": f"{COMPUTE}/../../other"},
    "a version that is none": {"api_version": "1&x=2"},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_baseline_names_is_asked_for_only_where_a_run_can_be(what: str, run: Rehearsed, tmp_path: Path) -> None:
    part = run.parts[COMPUTE_NAME]
    assert part is not None
    run.parts[COMPUTE_NAME] = replace(part, resources=(replace(part.resources[0], **HOSTILE[what]),))
    assert [(one.rule, one.subject) for one in audit_found(found(run, tmp_path)).found] == [("TFA605", COMPUTE_NAME)]


def test_a_baseline_that_is_not_the_one_of_the_log_is_a_change_and_not_believed(run: Rehearsed, tmp_path: Path) -> None:
    live, store = found(run, tmp_path), MemoryStore()
    path = live.folder.audit_folder / f"keep{SUFFIX}"
    store.put(keys.baseline_key("keep"), path.read_bytes())
    path.write_text(path.read_text().replace("eastus", "westus"))
    changed = ("TFA605", KEEP_NAME, Verdict.CHANGED)
    assert [(one.rule, one.subject, one.verdict) for one in audit_found(live).found] == [changed]
    hearsay = ("TFA607", KEEP_NAME, Verdict.UNVERIFIABLE)
    with_store = audit_found(replace(live, store=store)).found
    assert [(one.rule, one.subject, one.verdict) for one in with_store] == [hearsay, changed]


def test_a_baseline_that_the_log_does_not_tell_of_is_believed_and_that_is_said(run: Rehearsed, tmp_path: Path) -> None:
    live = found(run, tmp_path)
    live.folder.audit.path.unlink()
    kept = (live.folder.audit_folder / f"keep{SUFFIX}").read_bytes()
    live.folder.audit.append("baseline", part="keep", sha256=sha256(kept))
    (one,) = audit_found(live).found
    assert (one.rule, one.subject, one.verdict) == ("TFA605", COMPUTE_NAME, Verdict.UNVERIFIABLE)
    assert one.sentence.endswith("is in no event of the log")


def test_an_event_log_that_cannot_be_read_tells_of_nothing_and_ends_no_audit(run: Rehearsed, tmp_path: Path) -> None:
    live = found(run, tmp_path)
    live.folder.audit.path.unlink()
    live.folder.audit.path.mkdir()
    unlogged = {("TFA605", group, Verdict.UNVERIFIABLE) for group in (KEEP_NAME, COMPUTE_NAME)}
    assert {(one.rule, one.subject, one.verdict) for one in audit_found(live).found} == unlogged


def all_of(monkeypatch: pytest.MonkeyPatch, looks: Mapping[str, LiveAudit | Exception]) -> list[LiveAudit]:
    """What is found of all runs, where looking at each goes so."""

    def look(find: partial[FoundRun]) -> LiveAudit:
        found = looks[find.args[0]]
        if isinstance(found, Exception):
            raise found
        return found

    statuses = [unknown_status(name, GROUPS, "") for name in looks]
    monkeypatch.setattr("tfinfra.lifecycle.auditing.live.all_statuses", lambda *_: statuses)
    monkeypatch.setattr("tfinfra.lifecycle.auditing.live.looked_at", look)
    return all_live(ANYWHERE, say_nothing)


@pytest.mark.parametrize("fault", [CredentialsError("no token"), ProvisioningError("no answer"), AttributeError("odd")])
def test_a_run_that_cannot_be_looked_at_keeps_no_other_from_it(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = all_of(monkeypatch, {"one-ab12cd": fault, RUN: LiveAudit(RUN, FOUND)})
    assert last.found == FOUND
    (said,) = first.found
    assert (said.rule, said.verdict) == ("TFA603", Verdict.UNVERIFIABLE)
    assert "one-ab12cd cannot be looked at: " in said.sentence and str(fault) in said.sentence
    with pytest.raises(type(fault)):
        all_of(monkeypatch, {"one-ab12cd": fault, "two-ab12cd": CredentialsError("no"), RUN: UsageError("it ended")})


def test_a_timer_that_has_not_looked_is_given_a_moment(run: Rehearsed, tmp_path: Path) -> None:
    for group, part in run.parts.items():
        assert part is not None
        run.parts[group] = replace(part, taken=0.0)
    live = found(run, tmp_path)

    def looked(status: str) -> None:
        run.answer(
            f"{TIMER}/runs", {"value": [{"properties": {"status": status, "startTime": "2126-01-01T00:00:00Z"}}]}
        )

    run.answer(f"{TIMER}/runs", {"value": []})
    slept: list[float] = []
    assert rules_of(looked_at(lambda: live, slept.append)) == {"TFA643"} and slept
    assert looked_at(lambda: live, lambda _: looked("Succeeded")).found == ()


def test_a_run_that_does_not_live_is_refused(run: Rehearsed, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not live"):
        audit_found(found(run, tmp_path, (), phase="deleted"))


# The command


FOUND = (
    Finding("TFA654", Verdict.FOREIGN, "/subscriptions/s/locks/l", "the lock 'l' keeps the run from being deleted"),
    Finding("TFA603", Verdict.UNVERIFIABLE, "/subscriptions/s", "the locks cannot be read"),
)


def answering(monkeypatch: pytest.MonkeyPatch, *audits: LiveAudit) -> None:
    monkeypatch.setattr("tfinfra.lifecycle.auditing.live.one_live", lambda *_: audits[0])
    monkeypatch.setattr("tfinfra.lifecycle.auditing.live.all_live", lambda *_: list(audits))


EXITS: dict[str, tuple[tuple[str, ...], tuple[LiveAudit, ...], int]] = {
    "nothing": (("--live", RUN), (LiveAudit(RUN, ()),), 0),
    "a lock": (("--live", RUN), (LiveAudit(RUN, FOUND),), 11),
    "what could not be read": (("--live", RUN), (LiveAudit(RUN, FOUND[1:]),), 0),
    "what could not be read, which counts": (
        ("--live", RUN, "--fail-on", "unverified"),
        (LiveAudit(RUN, FOUND[1:]),),
        11,
    ),
    "one of two": (("--live", "--all"), (LiveAudit(RUN, ()), LiveAudit("two-ab12cd", FOUND)), 11),
    "no run that lives": (("--live", "--all"), (), 0),
    "a run and all": (("--live", "--all", RUN), (), 2),
    "neither": (("--live",), (), 2),
    "nothing at all": ((), (), 2),
    "all without --live": (("--all",), (), 2),
    "a cloud without --live": ((RUN, "--cloud", "local"), (), 2),
    "evidence's options": (("--live", RUN, "--require-signature"), (), 2),
}


@pytest.mark.parametrize("case", EXITS)
def test_the_command_ends_as_what_was_found_counts(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, audits, code = EXITS[case]
    answering(monkeypatch, *audits)
    assert main(["audit", *words]) == code


def test_several_runs_are_one_document_and_a_suite_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, LiveAudit(RUN, FOUND), LiveAudit("two-ab12cd", FOUND[:1]))
    report = tmp_path / "report.xml"
    assert main(["audit", "--live", "--all", "--json", "--junit", str(report)]) == 11
    document = json.loads(capsys.readouterr().out)
    assert (document["run"], document["live"]) == (None, [RUN, "two-ab12cd"])
    assert [one["rule"] for one in document["findings"]] == ["TFA654", "TFA603"]
    assert report.read_text().count("<testsuite ") == 2


def test_who_is_not_signed_in_ends_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise CredentialsError("no token")

    monkeypatch.setattr("tfinfra.lifecycle.auditing.live.all_live", refuse)
    assert main(["audit", "--live", "--all"]) == 5
