"""A run whose client has gone: everything that its record and its store still allow."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import World, a_plan, succeeding, training
from tests.lifecycle.record.test_record import a_record
from tests.lifecycle.runs import log_texts
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import ProvisioningError, TeardownIncomplete, UsageError
from tfinfra.lifecycle.attach import attached_run, status
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.in_store.store_view import how_it_ended
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.model import Heartbeat, to_json
from tfinfra.money.ledger import Interval, Ledger
from tfinfra.store import Unreadable, keys

RUN = "digits-abc123"
GROUPS = tuple(RunGroup(f"tfinfra-{RUN}-{part}", RUN, "2026-11-24T10:00:00Z") for part in ("compute", "keep"))


def found(world: World, *, record: bool = True, groups: tuple[RunGroup, ...] = GROUPS, **changes: Any) -> FoundRun:
    folder = run_folder(world.tmp / "state", RUN)
    if record:
        folder.write(a_record(results=str(world.tmp / "elsewhere"), **changes))
        folder.deploy.mkdir(parents=True, exist_ok=True)
        (folder.deploy / "plan.json").write_text(json.dumps(to_json(a_plan())))
    world.groups = {g.name: {} for g in groups}
    store = world.store if groups and record else None
    outcome = how_it_ended(world.store, time.time()) if store else None
    assert not isinstance(outcome, Unreadable)
    return FoundRun(RUN, folder, folder.read(), world.ports, groups, store, outcome)


def test_fetching_an_ended_run_brings_it_home_and_deletes_both_groups(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    document = attached_run.fetch(found(world), tmp_path / "runs", lambda text: None)
    assert document["result"] == "succeeded"
    assert document["phase"] == "deleted"
    assert (tmp_path / "runs" / RUN / "outputs" / "model" / "weights.h5").read_bytes() == b"weights"
    assert json.loads((tmp_path / "runs" / RUN / "run.json").read_text())["result"] == "succeeded"
    assert world.groups == {}
    record = run_folder(tmp_path / "state", RUN).read()
    assert record is not None
    assert (record.phase, record.result, record.exit_code) == ("deleted", "succeeded", 0)


def test_fetching_a_run_that_still_trains_deletes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    said: list[str] = []
    document = attached_run.fetch(found(world), tmp_path / "runs", said.append)
    assert document["result"] is None
    assert len(world.groups) == 2
    assert any("still trains" in text for text in said)


def test_fetching_a_run_whose_nodes_died_unseen_ends_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    world.running = 0
    document = attached_run.fetch(found(world, phase="running"), tmp_path / "runs", lambda text: None)
    assert (document["result"], document["phase"]) == ("failed", "deleted")
    assert "all nodes are gone" in document["message"]
    assert world.groups == {}


def test_one_empty_list_of_machines_ends_no_run_whose_nodes_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, asked = World(tmp_path), list[str]()
    training(world.store)

    def lagging(group: str) -> int:
        asked.append(group)
        beat = Heartbeat("n0", len(asked), 0.0, "training")
        world.store.put(keys.heartbeat_key("n0"), json.dumps(to_json(beat)).encode())
        return 0

    monkeypatch.setattr(world.arm, "running_instances", lagging)
    live = found(world, phase="running")
    assert status.status_document(live)["result"] is None
    assert status.with_outcome(live).outcome is None
    assert world.store.get(keys.OUTCOME) is None


def test_an_empty_list_ends_no_run_that_was_begun_a_moment_ago(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.running = 0
    begun = Ledger((Interval(GROUPS[0].name, "compute", 3.6, time.time() - 20, 1e11),))
    detached = found(world, phase="running", detached=True, ledger=begun)
    assert status.with_outcome(detached).outcome is None
    assert world.store.get(keys.OUTCOME) is None


def test_following_the_logs_goes_on_after_one_empty_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    training(world.store)
    counts = [0, 2, 2]

    def lagging(group: str) -> int:
        if len(counts) == 1:
            succeeding(world.store)
        return counts.pop(0) if counts else 2

    monkeypatch.setattr(world.arm, "running_instances", lagging)
    live = found(world, phase="running")
    assert log_texts(live, None, follow=True) == ["step 1", "test accuracy: 0.97"]


def test_fetching_a_run_that_its_client_holds_deletes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    attached_run.fetch(found(world, phase="held", client=this_process()), tmp_path / "runs", lambda text: None)
    assert (tmp_path / "runs" / RUN / "outputs" / "model" / "weights.h5").exists()
    assert len(world.groups) == 2


def test_fetching_a_run_with_held_nodes_deletes_nothing_until_it_is_ended(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    world.store.put(keys.KEEP, b"{}")
    said: list[str] = []
    attached_run.fetch(found(world, phase="running", detached=True), tmp_path / "runs", said.append)
    record = run_folder(tmp_path / "state", RUN).read()
    assert record is not None
    assert (record.phase, record.result, record.fetched, len(world.groups)) == ("held", "succeeded", True, 2)
    assert any("its nodes are held until" in text for text in said)
    (tmp_path / "runs" / RUN / "audit" / "ledger.json").unlink()
    held = replace(found(world, record=False), record=record, store=world.store)
    attached_run.end_run(held, said.append)
    assert world.groups == {}
    assert (tmp_path / "runs" / RUN / "audit" / "ledger.json").exists(), "its evidence is that of the whole run"


def test_fetching_again_says_where_the_outputs_are(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    first = attached_run.fetch(found(world), tmp_path / "runs", lambda text: None)
    again = found(world, groups=(), phase="deleted", result="succeeded", fetched=True)
    again.folder.update(results=str(tmp_path / "runs" / RUN))
    here = FoundRun(RUN, again.folder, again.folder.read(), again.reach, (), None, None)
    assert attached_run.fetch(here, tmp_path / "runs", lambda text: None)["result"] == first["result"]


def test_down_needs_no_record(tmp_path: Path) -> None:
    world = World(tmp_path)
    attached_run.end_run(found(world, record=False), lambda text: None)
    assert world.groups == {}
    attached_run.end_run(found(world, record=False, groups=()), lambda text: None)


def test_down_that_fails_names_what_is_left_and_may_be_repeated(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"delete": OSError("a lock")})
    with pytest.raises(TeardownIncomplete, match="a lock"):
        attached_run.end_run(found(world), lambda text: None)
    record = run_folder(tmp_path / "state", RUN).read()
    assert record is not None
    assert record.phase == "incomplete"
    world.faults.clear()
    attached_run.end_run(found(world, phase="incomplete"), lambda text: None)
    assert world.groups == {}


def test_down_keeps_the_timer_while_the_nodes_group_is_there(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"delete": OSError("a lock")})
    with pytest.raises(TeardownIncomplete, match="the timer in it"):
        attached_run.end_run(found(world), lambda text: None)
    assert set(world.groups) == {g.name for g in GROUPS}


def test_down_remembers_how_a_training_ended_that_nobody_fetched(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    attached_run.end_run(found(world), lambda text: None)
    record = run_folder(tmp_path / "state", RUN).read()
    assert record is not None
    assert (record.result, record.exit_code) == ("succeeded", 0)


def test_following_the_logs_ends_where_nobody_is_left_to_write(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    world.store.put(keys.log_key("rank-0", 0), b"step 1\n")
    world.running = 0
    assert log_texts(found(world, phase="running"), None, follow=True) == ["step 1"]


def test_following_the_logs_goes_on_while_arm_does_not_say_which_machines_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    training(world.store)
    world.store.put(keys.log_key("rank-0", 0), b"step 1\n")

    def refused(group: str) -> int:
        succeeding(world.store)
        raise ProvisioningError("too many requests", status=429)

    monkeypatch.setattr(world.arm, "running_instances", refused)
    live = found(world, phase="running")
    assert log_texts(live, None, follow=True) == ["step 1", "test accuracy: 0.97"]


def test_logs_of_a_task_that_there_is_not_are_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    with pytest.raises(UsageError, match="no log of 'rank-9'"):
        log_texts(found(world), "rank-9", follow=False)


def test_logs_come_from_the_store_and_afterwards_from_the_results(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    live = found(world)
    assert log_texts(live, None, follow=True) == ["step 1", "test accuracy: 0.97"]
    attached_run.fetch(live, tmp_path / "runs", lambda text: None)
    record = run_folder(tmp_path / "state", RUN).read()
    home = FoundRun(RUN, live.folder, record, world.ports, (), None, None)
    assert log_texts(home, "rank-0", follow=False) == ["step 1", "test accuracy: 0.97"]
    with pytest.raises(UsageError):
        log_texts(home, "rank-9", follow=False)


def test_logs_that_went_with_the_groups_are_not_called_a_wrong_name(tmp_path: Path) -> None:
    gone = found(World(tmp_path), groups=(), phase="deleted")
    with pytest.raises(UsageError, match="were never fetched"):
        log_texts(gone, None, follow=False)


def test_status_tells_of_a_run_without_a_record(tmp_path: Path) -> None:
    document = status.status_document(found(World(tmp_path), record=False))
    assert document["state"]["state"] == "unknown"
    assert document["state"]["groups"] == tuple(g.name for g in GROUPS)


def test_a_run_whose_client_died_before_there_were_nodes_is_no_failed_training(tmp_path: Path) -> None:
    world = World(tmp_path)
    document = status.status_document(found(world, phase="provisioning"))
    assert (document["result"], document["exit_code"]) == ("error", 6)
    assert document["message"] == "the process that drove it died while it provisioned"
    assert world.store.get(keys.OUTCOME) is None
    attached_run.end_run(found(world, phase="provisioning"), lambda text: None)
    record = run_folder(tmp_path / "state", RUN).read()
    assert record is not None
    assert (record.phase, record.result) == ("deleted", "error")


def test_tasks_that_nobody_saw_end_are_lost_once_the_run_has_ended(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    world.running = 0
    document = status.status_document(found(world, phase="running"))
    assert [t["state"] for t in document["tasks"]] == ["lost"]


def test_a_bundle_that_never_came_to_its_store_goes_with_the_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    there = found(world)
    there.folder.bundle.write_bytes(b"source")
    attached_run.end_run(there, lambda text: None)
    assert not there.folder.bundle.exists()


def test_down_drops_the_stacks_of_a_run_whose_record_is_broken(tmp_path: Path) -> None:
    world = World(tmp_path)
    there = found(world)
    (there.folder.path / "run.json").write_text('{"run":')
    there.folder.pulumi.mkdir()
    attached_run.end_run(replace(there, record=None), lambda text: None)
    assert not there.folder.pulumi.exists()


def test_status_shows_tasks_as_the_nodes_see_them(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    document = status.status_document(found(world))
    assert document["state"]["state"] == "training"
    assert [t["state"] for t in document["tasks"]] == ["running"]


def test_down_of_a_run_that_another_machine_has_ended_puts_the_state_right(tmp_path: Path) -> None:
    world = World(tmp_path)
    there = found(world, groups=())
    there.folder.pulumi.mkdir()
    attached_run.end_run(there, lambda text: None)
    record = there.folder.read()
    assert record is not None
    assert (record.phase, record.result) == ("deleted", None)
    assert "from elsewhere" in record.message
    assert not there.folder.pulumi.exists()
