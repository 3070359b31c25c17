"""Records, run names and the audit log's chain."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.lifecycle.chained import first_broken_line
from tests.lifecycle.fakes import TARGET, World
from tfinfra.audit.log import AuditLog, read_events
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.errors import Result, UsageError
from tfinfra.lifecycle.end.held_nodes import held_lines
from tfinfra.lifecycle.provision.stack_config import node_settings, stack_config
from tfinfra.lifecycle.record.driver import ClientProcess, is_alive, this_process
from tfinfra.lifecycle.record.names import shared_url, store_url
from tfinfra.lifecycle.record.run_record import Attempt, RunFolder, RunPhase, RunRecord, all_records, run_folder
from tfinfra.lifecycle.record.run_status import matching_run, run_status, unrecorded
from tfinfra.model import Outcome
from tfinfra.money.ledger import Interval, Ledger
from tfinfra.system.clock import iso_time, unix_time


def a_record(run: str = "digits-abc123", **changes: object) -> RunRecord:
    record = RunRecord(
        run=run,
        name=run[:-7],
        target=TARGET,
        rehearse=False,
        owner="me",
        keep_group=f"tfinfra-{run}-keep",
        compute_group=f"tfinfra-{run}-compute",
        deadline="2026-11-24T10:00:00Z",
        keep_until="2026-12-01T10:00:00Z",
        results=f"/runs/{run}",
        leader="rank-0",
        plan_tasks=("rank-0",),
        usd_per_hour=3.6,
        ledger=Ledger((Interval(f"tfinfra-{run}-compute", "compute", 3.6, 1000.0, 1e9),)),
        attempts=(Attempt(f"tfinfra-{run}-compute", "eastus", "Standard_D8s_v5"),),
        phase=RunPhase.RUNNING,
        times={"started": 1000.0},
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "digits-abc123")
    record = a_record(client=this_process(), left=("a", "b"))
    folder.write(record)
    assert folder.read() == record


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": 1}', "null"])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert RunFolder(tmp_path).read() is None


def test_all_records_come_oldest_first(tmp_path: Path) -> None:
    for run, started in (("b-aaaaaa", 3.0), ("a-aaaaaa", 7.0), ("c-aaaaaa", 5.0)):
        run_folder(tmp_path, run).write(a_record(run, times={"started": started}))
    (tmp_path / "runs" / "torn").mkdir()
    assert [r.run for r in all_records(tmp_path)] == ["b-aaaaaa", "c-aaaaaa", "a-aaaaaa"]


def test_a_process_is_known_by_its_start_time() -> None:
    me = psutil.Process()
    assert is_alive(this_process())
    assert not is_alive(ClientProcess(os.getpid(), me.create_time() - 100))
    assert not is_alive(None)


RESOLVED = {
    "a run by its id, ended or not": ("old-bbbbbb", "old-bbbbbb"),
    "a name with one live run": ("digits", "digits-abc123"),
    "a run that only the cloud knows": ("lost-cccccc", "lost-cccccc"),
    "an id that nobody knows is left to the cloud": ("gone-dddddd", "gone-dddddd"),
}


@pytest.mark.parametrize(("wanted", "run"), RESOLVED.values(), ids=RESOLVED.keys())
def test_a_run_is_named(wanted: str, run: str) -> None:
    records = [a_record(), a_record("old-bbbbbb", phase="deleted")]
    assert matching_run(wanted, records, [RunGroup("g", "lost-cccccc", "")]) == run


@pytest.mark.parametrize("wanted", ["two", "old", "nothing"])
def test_a_name_without_exactly_one_live_run_is_refused(wanted: str) -> None:
    records = [a_record("two-aaaaaa"), a_record("two-bbbbbb"), a_record("old-bbbbbb", phase="deleted")]
    with pytest.raises(UsageError) as raised:
        matching_run(wanted, records)
    assert raised.value.hint


def test_of_runs_on_the_same_nodes_a_name_means_the_one_whose_nodes_they_are_where_nodes_are_asked() -> None:
    first, further = a_record("two-aaaaaa"), a_record("two-bbbbbb", on="two-aaaaaa")
    assert matching_run("two", [first, further], nodes=True) == "two-aaaaaa"
    with pytest.raises(UsageError) as raised:
        matching_run("two", [first, further])
    assert raised.value.hint == "name one of: two-bbbbbb (on the nodes of two-aaaaaa), two-aaaaaa"
    with pytest.raises(UsageError, match="has several runs"):
        matching_run("two", [first, further, a_record("two-cccccc")], nodes=True)


def test_where_nodes_are_asked_no_ended_run_is_proposed() -> None:
    with pytest.raises(UsageError, match="has nodes any more: old-bbbbbb") as raised:
        matching_run("old", [a_record("old-bbbbbb", phase="deleted")], nodes=True)
    assert "name one of" not in str(raised.value.hint)


@pytest.mark.parametrize(("latest", "proposed"), [("2026-11-24T12:00:00Z", True), ("2026-11-24T10:00:00Z", False)])
def test_held_nodes_are_held_longer_only_where_there_is_later_time(latest: str, proposed: bool) -> None:
    said = "\n".join(held_lines(a_record(deadline="2026-11-24T10:00:00Z", latest=latest)))
    assert ("tfinfra extend" in said) == proposed


def test_states_of_a_run() -> None:
    groups = [RunGroup("tfinfra-digits-abc123-compute", "digits-abc123", "2026-11-24T10:00:00Z")]
    assert run_status(a_record(), groups, None, 4600.0).state == "training"
    assert run_status(a_record(), groups, None, 4600.0).usd == pytest.approx(3.6)
    assert run_status(a_record(), groups, Outcome(Result.FAILED, "no"), 4600.0).state == "ended"
    assert run_status(a_record(), groups, Outcome(Result.FAILED, "no"), 4600.0).result == "failed"
    assert run_status(a_record(), [], None, 4600.0).state == "deleted"
    kept = [RunGroup("tfinfra-digits-abc123-keep", "digits-abc123", "2026-12-01T10:00:00Z")]
    assert run_status(a_record(), kept, None, 4600.0).state == "ended"
    assert unrecorded(groups, []) != []
    assert unrecorded(groups, [a_record()]) == []


def test_urls_of_the_keep_stack() -> None:
    store, shared = {"endpoint": "file:///a b/", "container": "run"}, {"endpoint": "file:///f", "share": "s"}
    keep = {"store": store, "shared": shared}
    assert store_url(keep, Prerequisites(may_delete=True), "digits-abc123") == "file:///a b/run"
    others = Prerequisites(may_delete=True, store_url="https://a.blob.core.windows.net/team/x")
    assert store_url({"store": None}, others, "digits-abc123") == "https://a.blob.core.windows.net/team/x/digits-abc123"
    assert shared_url(keep) == "file:///f/s"
    assert shared_url({"shared": None}) is None


def test_the_audit_log_shows_where_it_was_changed(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "events.jsonl", lambda: "now", pytest.fail)
    for name in ("a", "b", "c", "d"):
        log.append(name, x=1)
    assert [e["seq"] for e in read_events(log.path)] == [0, 1, 2, 3]
    assert first_broken_line(log.path) is None
    lines = log.path.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), "x": 2})
    log.path.write_text("\n".join(lines) + "\n")
    assert first_broken_line(log.path) == 2


def test_the_audit_log_goes_on_after_a_line_that_a_crash_cut(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "events.jsonl", lambda: "now", pytest.fail)
    log.append("a")
    with log.path.open("a") as file:
        file.write('{"seq": 1, "ti')
    log.append("b")
    assert [e["event"] for e in read_events(log.path)] == ["a", "b"]
    assert first_broken_line(log.path) is None


def test_a_disk_that_takes_nothing_is_complained_of_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = run_folder(tmp_path, "digits-abc123")
    folder.write(a_record())
    monkeypatch.setattr("tfinfra.lifecycle.record.run_record.write_whole", full)
    assert folder.update(phase="deleting").phase == "deleting"
    assert folder.update(left=("g",)).phase == "deleting"
    assert folder.complaints == ["the run's record cannot be written: No space left on device"]
    monkeypatch.undo()
    folder.update(phase="deleted")
    there = run_folder(tmp_path, "digits-abc123").read()
    assert there is not None
    assert (there.phase, there.left) == ("deleted", ("g",))


def test_a_record_that_is_removed_under_its_process_is_written_again(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "digits-abc123")
    folder.write(a_record())
    shutil.rmtree(folder.path)
    assert folder.read() == a_record()
    assert folder.update(phase="ended") == a_record(phase="ended")
    assert folder.complaints == []
    assert run_folder(tmp_path, "digits-abc123").read() == a_record(phase="ended")


def test_times() -> None:
    assert unix_time(iso_time(1000.0)) == 1000.0


GOVERNMENT, STACK = "https://management.usgovcloudapi.net", "https://management.stack.example"
GUID = "https://management.tenant.example/guid"
ELSEWHERE: dict[str, tuple[str | None, str | None, dict[str, str]]] = {
    "where nothing has to be told": (None, None, {}),
    "a sovereign cloud": (GOVERNMENT, None, {"armEndpoint": GOVERNMENT, "storageSuffix": "core.example"}),
    "a cloud whose tokens are for another name than its endpoint's": (
        *(STACK, GUID),
        {"armEndpoint": STACK, "storageSuffix": "core.example", "armAudience": GUID},
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE.values(), ids=ELSEWHERE)
def test_stacks_and_nodes_are_told_of_an_arm_that_is_not_azures_public_one(
    tmp_path: Path, case: tuple[str | None, str | None, dict[str, str]]
) -> None:
    endpoint, audience, told = case
    cloud = replace(
        World(tmp_path).cloud(),
        stack_endpoint=endpoint,
        arm_audience=audience,
        storage_suffix="core.example",
        principal_type="ServicePrincipal",
    )
    prerequisites, record = Prerequisites(may_delete=True), a_record()
    keep = {"store": {"endpoint": "file:///s", "container": "c"}, "identityClientId": "client"}
    config = stack_config(record, "keep", prerequisites, cloud)
    assert {k: v for k, v in config.items() if k in {"armEndpoint", "storageSuffix", "armAudience"}} == told
    assert config["principalType"] == "ServicePrincipal"
    assert node_settings(record, cloud, keep, prerequisites, bundle=("bundle", "sha")).arm_audience == audience
