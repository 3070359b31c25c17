"""A run seen from a machine that has no record of it: told by its store, with nothing written to this disk."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fake_effects import FakePulumi
from tests.lifecycle.fakes import World, a_plan, failing, succeeding, training
from tests.lifecycle.record.test_record import a_record
from tests.lifecycle.runs import log_texts
from tfinfra.errors import ProvisioningError, Result, TeardownIncomplete, UsageError
from tfinfra.lifecycle.attach import attached_run, find_run, overview, status, sweep
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.in_store.published import driven_elsewhere, publish
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.model import Outcome, TaskStatus, to_json
from tfinfra.store import keys
from tfinfra.system.ownership import make_private

RUN = "digits-abc123"
AZURE = CloudOptions("azure", None, "sub-a")


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in on another machine, whose state folder is not there yet."""
    folder = tmp_path / "second"
    folder.mkdir()
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "second-state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "second-config"))
    monkeypatch.chdir(folder)
    return folder


def left_by_its_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: Any) -> World:
    """A detached run, and this machine's only way to it: the cloud."""
    world = World(tmp_path, nodes)
    assert world.new_run(detach=True).go().error is None
    monkeypatch.setattr(find_run, "ports_at", lambda place: world.ports())
    return world


def test_what_is_left_in_the_store_names_nothing_of_the_client(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.new_run(detach=True).go()
    text = (world.store.get(keys.RECORD) or b"").decode()
    assert str(tmp_path) not in text
    assert "client" not in json.loads(text)
    assert json.loads(text)["detached"] is True


@pytest.mark.parametrize("wanted", ["digits", RUN])
def test_status_logs_and_fetch_give_what_they_give_at_home(
    wanted: str, tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, succeeding)
    home = run_folder(tmp_path / "state", RUN)
    groups = tuple(world.ports().arm.groups())
    at_home = FoundRun(
        RUN,
        home,
        home.read(),
        world.ports,
        groups,
        world.store,
        Outcome(Result.SUCCEEDED, "all ranks ended with 0", ended=5.0),
    )
    found = find_run.find_run(wanted, AZURE)
    own = ("results", "state", "phases")  # when each began is in the event log, which stays at home
    here, there = status.status_document(found), status.status_document(at_home)
    assert {k: v for k, v in here.items() if k not in own} == {k: v for k, v in there.items() if k not in own}
    assert log_texts(found, None, follow=True) == ["step 1", "test accuracy: 0.97"]
    document = attached_run.fetch(found, second / "runs", lambda text: None)
    assert (document["result"], document["phase"]) == ("succeeded", "deleted")
    assert (second / "runs" / RUN / "outputs" / "model" / "weights.h5").read_bytes() == b"weights"
    assert world.groups == {}
    assert not (tmp_path / "second-state" / "runs").exists()


def test_a_failed_training_is_told_from_its_store(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by_its_client(tmp_path, monkeypatch, failing)
    (state,) = overview.all_statuses(AZURE)
    told = "rank-1 ended with exit status 7\n    boom"
    assert (state.state, state.result, state.message) == ("ended", "failed", told)
    assert not (tmp_path / "second-state" / "runs").exists()


def test_status_says_what_a_detached_run_waits_for(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    world.running = 2
    world.store.put(keys.node_key("n0"), b"{}")
    assert status.status_document(find_run.find_run("digits", AZURE))["waiting"] is None
    for rank, state, ended in ((0, "running", None), (1, "succeeded", 100.0)):
        said = TaskStatus(f"rank-{rank}", rank, state, ended=ended)
        world.store.put(keys.task_key(said.task), json.dumps(to_json(said)).encode())
    waiting = status.status_document(find_run.find_run("digits", AZURE))["waiting"]
    text = "waiting for rank-0 (rank-1 ended with 0)"
    assert waiting == {"for": "rank-0 (rank-1 ended with 0)", "since": 100.0, "until": None, "text": text}


def test_down_from_elsewhere_leaves_nothing_and_writes_nothing(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    assert attached_run.end_run(find_run.find_run("digits", AZURE), lambda text: None) == {}
    assert world.groups == {}
    assert not (tmp_path / "second-state" / "runs").exists()
    with pytest.raises(UsageError, match="there is no run"):
        find_run.find_run("digits", AZURE)


def test_down_asks_nothing_of_a_store_that_cannot_be_read(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    monkeypatch.setattr(world.store, "get", _refuse)
    found = find_run.find_run(RUN, AZURE)
    assert "no access" in found.status.message
    for verb in (
        lambda: log_texts(found, None, False),
        lambda: attached_run.fetch(found, second, print),
    ):
        with pytest.raises(ProvisioningError, match="its store cannot be read: no access"):
            verb()
    with pytest.raises(TeardownIncomplete, match="could not be fetched: its store cannot be read"):
        attached_run.end_run(found, lambda text: None)
    assert [*world.groups] == [f"tfinfra-{RUN}-keep"]
    attached_run.end_run(find_run.find_run(RUN, AZURE), lambda text: None, discard=True)
    assert world.groups == {}


def _refuse(key: str) -> bytes:
    raise PermissionError("no access")


def test_who_may_only_read_is_told_all_the_same(tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    world.store.put(keys.log_key("rank-0", 0), b"step 1\n")
    world.store.put(keys.node_key("a"), b"{}")
    monkeypatch.setattr(world.store, "put", lambda key, data: _refuse(key))
    monkeypatch.setattr(world.store, "put_if_absent", lambda key, data: _refuse(key))
    world.running = 0
    found = find_run.find_run(RUN, AZURE)
    assert log_texts(found, None, follow=True) == ["step 1"]
    assert status.status_document(found)["result"] == "failed"


def test_a_run_that_its_own_client_drives_is_not_deleted_by_a_fetch(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, succeeding)
    record = run_folder(tmp_path / "state", RUN).update(detached=False, client=this_process())
    publish(world.store, record, a_plan())
    world.store.put(keys.WATCH, json.dumps({"time": time.time()}).encode())
    found = find_run.find_run(RUN, AZURE)
    assert found.status.watched
    attached_run.fetch(found, second / "runs", lambda text: None)
    assert len(world.groups) == 2
    world.store.put(keys.WATCH, json.dumps({"time": time.time() - 60}).encode())
    attached_run.fetch(found, second / "runs", lambda text: None)
    assert world.groups == {}


def test_a_run_that_is_being_provisioned_elsewhere_is_no_orphan(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, lambda store: None)
    record = run_folder(tmp_path / "state", RUN).update(
        phase="provisioning", detached=False, deadline="2099-01-01T00:00:00Z"
    )
    publish(world.store, record, a_plan())
    world.running = 0
    document = status.status_document(find_run.find_run(RUN, AZURE))
    assert (document["phase"], document["result"]) == ("provisioning", None)
    assert world.store.get(keys.OUTCOME) is None


def test_a_run_whose_nodes_never_came_and_that_has_ended_is_fetched_and_deleted(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, lambda store: None)
    publish(world.store, run_folder(tmp_path / "state", RUN).update(deadline="2099-01-01T00:00:00Z"), a_plan())
    outcome = Outcome(Result.FAILED, "no node registered within 900 s", ended=5.0)
    world.store.put(keys.OUTCOME, json.dumps(to_json(outcome)).encode())
    world.running = 0
    said: list[str] = []
    document = attached_run.fetch(find_run.find_run(RUN, AZURE), second / "runs", said.append)
    assert (document["result"], document["phase"]) == ("failed", "deleted")
    assert not any("still trains" in text for text in said)
    assert world.groups == {}


@pytest.mark.parametrize("look_first", [False, True])
def test_past_its_deadline_a_run_whose_nodes_never_came_is_fetched_and_deleted_whatever_machines_arm_lists(
    look_first: bool, tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, lambda store: store.put(keys.output_key("outputs", "a"), b"x"))
    assert world.running
    if look_first:  # and write an outcome for the nodes that cannot
        assert status.status_document(find_run.find_run(RUN, AZURE))["result"] == "failed"
    said: list[str] = []
    document = attached_run.fetch(find_run.find_run(RUN, AZURE), second / "runs", said.append)
    assert (document["result"], document["phase"]) == ("failed", "deleted")
    assert (second / "runs" / RUN / "outputs" / "a").read_bytes() == b"x"
    assert not any("still trains" in text for text in said)
    assert world.groups == {}


def test_a_group_that_is_only_named_as_the_runs_is_left_alone_and_told_and_keeps_its_timer(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    world.untagged_groups = [f"tfinfra-{RUN}-compute-2"]
    with pytest.raises(TeardownIncomplete, match=r"compute-2: .*: left alone") as raised:
        attached_run.end_run(find_run.find_run(RUN, AZURE), lambda text: None)
    assert f"tfinfra-run={RUN}" in (raised.value.hint or "")
    assert world.deleted == [f"tfinfra-{RUN}-compute"]
    world.untagged_groups = [f"tfinfra-{RUN}-keep-2"]  # no machine of the run's can be in that
    with pytest.raises(TeardownIncomplete, match=r"keep-2: .*: left alone"):
        attached_run.end_run(find_run.find_run(RUN, AZURE), lambda text: None)
    assert f"tfinfra-{RUN}-keep" in world.deleted
    with pytest.raises(UsageError, match="is not tagged as its, and left alone"):
        find_run.find_run(RUN, AZURE)


def test_all_attempts_of_a_run_are_the_runs(tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    world.groups[f"tfinfra-{RUN}-compute-2"] = {}
    found = find_run.find_run(RUN, AZURE)
    assert found.present_compute_groups == (f"tfinfra-{RUN}-compute", f"tfinfra-{RUN}-compute-2")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    pulumi = FakePulumi(monkeypatch)
    attached_run.end_run(found, lambda text: None)
    assert world.groups == {}
    assert world.deleted[-1] == f"tfinfra-{RUN}-keep"
    assert sorted(pulumi.dropped) == [f"{RUN}-compute", f"{RUN}-compute-2", f"{RUN}-keep"]


def test_stacks_that_remain_are_told_and_keep_nothing_from_its_end(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://key:secret@bucket?region=x")
    world = left_by_its_client(tmp_path, monkeypatch, training)
    assert "secret" not in (world.store.get(keys.RECORD) or b"").decode()
    said: list[str] = []
    pulumi = FakePulumi(monkeypatch)
    pulumi.remaining = {f"{RUN}-keep": "locked by ada@laptop"}
    assert attached_run.end_run(find_run.find_run(RUN, AZURE), said.append) == pulumi.remaining
    assert any("remains, with nothing in it: locked by ada@laptop" in line for line in said)


def test_stacks_in_a_backend_that_is_not_named_now_are_told(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    FakePulumi(monkeypatch)
    left_by_its_client(tmp_path, monkeypatch, training)
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    left = attached_run.end_run(find_run.find_run(RUN, AZURE), lambda text: None)
    assert set(left.values()) == {"PULUMI_BACKEND_URL is not s3://bucket, where it was made"}


def test_stacks_that_remained_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    FakePulumi(monkeypatch).remaining = {f"{RUN}-keep": "no answer"}
    assert world.new_run().go().record.phase == "deleted"
    monkeypatch.setattr("tfinfra.lifecycle.attach.find_run.real_ports", lambda *given: world.ports())
    monkeypatch.setattr(find_run, "cloud_of", lambda record: world.cloud())
    from tfinfra.cli.runs.down import command

    for force, stacks in (((), (f"{RUN}-keep",)), (("--force",), ())):
        assert command.main([RUN, *force], standalone_mode=False) == 0
        record = run_folder(tmp_path / "state", RUN).read()
        assert record is not None
        assert (record.phase, record.result, record.stacks_left) == ("deleted", "succeeded", stacks)


def test_a_broken_record_is_told_and_written_anew_from_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # outputs come to its runs/
    world = left_by_its_client(tmp_path, monkeypatch, succeeding)
    state = tmp_path / "state"
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(state))
    (state / "runs" / RUN / "run.json").write_text('{"run":')
    (lost,) = overview.all_statuses()
    assert (lost.state, lost.run) == ("unknown", RUN)
    assert "run.json is unreadable: it is not JSON" in lost.message
    attached_run.end_run(find_run.find_run(RUN, AZURE), lambda text: None)
    record = run_folder(state, RUN).read()
    assert record is not None
    assert (record.phase, record.result) == ("deleted", "succeeded")
    assert world.groups == {}


def test_a_run_that_is_verified_deleted_asks_no_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    world.new_run().go()
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(find_run, "cloud_of", pytest.fail)
    found = find_run.find_run(RUN)
    assert status.status_document(found)["result"] == "succeeded"
    assert log_texts(found, None, follow=True) == ["step 1", "test accuracy: 0.97"]
    assert attached_run.fetch(found, tmp_path / "runs", print)["phase"] == "deleted"


def test_a_record_whose_groups_are_gone_makes_no_name_ambiguous(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by_its_client(tmp_path, monkeypatch, training)
    make_private(tmp_path / "second-state" / "cloud" / "groups" / "a-group")
    run_folder(tmp_path / "second-state", "digits-gone00").write(a_record("digits-gone00", phase="running"))
    assert find_run.find_run("digits", CloudOptions("local")).run == RUN


HERE_RECORDS = {
    "one whose groups are gone": a_record("digits-gone00", phase="running"),
    "one that is deleted": a_record("digits-gone00", phase="deleted"),
}


@pytest.mark.parametrize("case", HERE_RECORDS)
def test_a_name_is_the_run_that_is_there_though_its_record_is_broken(
    case: str, tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by_its_client(tmp_path, monkeypatch, training)
    state = tmp_path / "second-state"
    make_private(state / "cloud" / "groups" / "a-group")
    run_folder(state, "digits-gone00").write(HERE_RECORDS[case])
    run_folder(state, RUN).path.mkdir()
    (run_folder(state, RUN).path / "run.json").write_text("{")
    assert find_run.find_run("digits").run == RUN


def test_a_live_run_that_no_record_tells_of_makes_a_name_ambiguous(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by_its_client(tmp_path, monkeypatch, training)
    state = tmp_path / "second-state"
    make_private(state / "cloud" / "groups" / "a-group")
    run_folder(state, "digits-begun0").write(a_record("digits-begun0", phase="starting", client=this_process()))
    with pytest.raises(UsageError, match="several runs"):
        find_run.find_run("digits")


def test_a_record_of_another_cloud_is_not_what_was_asked_for(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    monkeypatch.setattr(find_run, "ports_at", lambda place: world.ports())
    run_folder(tmp_path / "second-state", RUN).write(a_record(RUN, phase="running"))
    with pytest.raises(UsageError, match="there is no run 'digits'"):
        find_run.find_run("digits", AZURE)


@pytest.mark.parametrize("beat", [b"", b"[]", b'{"time": null}', b'{"time": "now"}', b"\xff"])
def test_a_beat_that_says_nothing_is_none(beat: bytes, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store.put(keys.WATCH, beat)
    assert not driven_elsewhere(a_record(), world.store, time.time())


def test_a_cloud_of_this_machine_that_holds_nothing_is_not_started(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_run, "ports_at", pytest.fail)
    said: list[str] = []
    assert overview.all_statuses(CloudOptions("local"), said.append) == []
    assert sweep.down_expired(CloudOptions(), said.append) == []
    with pytest.raises(UsageError, match="there is no run 'digits'"):
        find_run.find_run("digits", CloudOptions("local"))
    assert said == ["looking at this machine's cloud (--cloud)"]
