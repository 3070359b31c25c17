"""A whole run against a played world: whatever happens after the first write, nothing is left, or it is named."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import TARGET, FakeLock, World, a_plan, failing, succeeding, training
from tfinfra import layout
from tfinfra.audit.log import broken_at, read_events
from tfinfra.azure.standing import Standing
from tfinfra.errors import Cancelled, NotFeasible, ProvisioningError, TeardownIncomplete
from tfinfra.lifecycle.record import run_folder, this_process
from tfinfra.lifecycle.runs import run_state
from tfinfra.lifecycle.staging import Given
from tfinfra.model import Input, Inventory, Limits, NodeRegistration, Outcome, Requirements, to_json
from tfinfra.money.budget import Burn
from tfinfra.sealing import NodeKey
from tfinfra.store import MemoryStore

KEEP, COMPUTE = "tfinfra-digits-abc123-keep", "tfinfra-digits-abc123-compute"


def record_of(world: World) -> Any:
    return run_folder(world.tmp / "state", "digits-abc123").read()


def test_a_run_that_succeeds_leaves_its_outputs_and_nothing_else(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.new_run().go()
    results = tmp_path / "runs" / "digits-abc123"
    assert result.error is None
    assert world.groups == {}
    assert sorted(world.deleted) == [COMPUTE, KEEP]
    assert (results / "outputs" / "model" / "weights.h5").read_bytes() == b"weights"
    assert (results / "tasks" / "rank-0.log").read_text() == "step 1\ntest accuracy: 0.97\n"
    assert (results / "nodes" / "agent-0.log").read_text() == "launched\n"
    document = json.loads((results / "run.json").read_text())
    assert document["result"] == "succeeded"
    assert document["phase"] == "deleted"
    assert document["tasks"][0]["exit_status"] == 0
    assert "line test accuracy: 0.97" in world.observer.lines
    assert record_of(world).phase == "deleted"


def test_the_record_is_on_disk_before_the_first_write_to_the_cloud(tmp_path: Path) -> None:
    world = World(tmp_path)
    seen: list[Any] = []
    up = world.up

    def watched_up(part: str, config: Any) -> dict[str, Any]:
        seen.append(record_of(world))
        return up(part, config)

    world.up = watched_up  # type: ignore[method-assign]
    world.new_run().go()
    assert seen[0].keep_group == KEEP
    assert seen[0].phase == "provisioning"
    assert seen[1].store == "file:///store/run"


def test_the_audit_log_is_one_whole_chain(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.new_run().go()
    path = run_folder(tmp_path / "state", "digits-abc123").audit.path
    events = [e["event"] for e in read_events(path)]
    assert broken_at(path) is None
    for phase in ("prepare", "keep", "environment", "bundle", "compute", "train", "collect"):
        assert events.index(f"{phase}.begin") < events.index(f"{phase}.end")
    assert "teardown.verified" in events


@pytest.mark.parametrize("step", ["up keep", "up compute", "environment"])
def test_whatever_fails_after_the_first_write_everything_is_deleted(tmp_path: Path, step: str) -> None:
    world = World(tmp_path, faults={step: ProvisioningError("no")})
    result = world.new_run().go()
    assert isinstance(result.error, ProvisioningError)
    assert sorted(world.deleted) == [COMPUTE, KEEP]
    assert record_of(world).result == "error"
    assert record_of(world).exit_code == 6


def test_a_fault_of_tfinfra_itself_deletes_too_and_is_raised(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"up compute": RuntimeError("a bug")})
    with pytest.raises(RuntimeError, match="a bug"):
        world.new_run().go()
    assert sorted(world.deleted) == [COMPUTE, KEEP]


@pytest.mark.parametrize("step", ["source", "lock"])
def test_what_fails_before_the_first_write_touches_nothing_and_leaves_its_reason(tmp_path: Path, step: str) -> None:
    world = World(tmp_path, faults={step: ProvisioningError("no such package")})
    with pytest.raises(ProvisioningError):
        world.new_run(burn=Burn(27.2, 0.1)).go()
    assert world.deleted == []
    record = record_of(world)
    told = (record.phase, record.result, record.exit_code, record.message, record.client)
    assert told == ("deleted", "error", 6, "no such package", None)
    assert run_state(record, (), None, world.now + 1e6).usd == 0.0
    left = {path.name for path in run_folder(tmp_path / "state", "digits-abc123").path.iterdir()}
    assert left <= {"run.json", ".lock", "events.jsonl", "events.jsonl.lock"}


def test_a_run_is_known_while_it_prepares(tmp_path: Path) -> None:
    world, seen = World(tmp_path), list[Any]()
    lock = world._lock

    def watched(wanted: Requirements) -> FakeLock:
        seen.append(record_of(world))
        return lock(wanted)

    world._lock = watched  # type: ignore[method-assign]
    world.new_run().go()
    assert (seen[0].phase, seen[0].client) == ("starting", this_process())
    assert seen[0].ledger.intervals == ()


def test_a_training_that_fails_names_the_task_and_its_last_lines(tmp_path: Path) -> None:
    world = World(tmp_path, failing)
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 7
    assert "rank-1 ended with exit status 7" in str(result.error)
    assert "boom" in str(result.error)
    assert world.groups == {}
    assert (record_of(world).failed_task, record_of(world).exit_status) == ("rank-1", 7)


def test_a_deletion_that_fails_outranks_everything_and_names_the_cost(tmp_path: Path) -> None:
    world = World(tmp_path, failing, faults={"delete": OSError("a lock")})
    result = world.new_run(burn=Burn(27.2, 0.0)).go()
    assert result.error is not None
    assert result.error.exit_code == 10
    assert f"{COMPUTE}: 27.20 USD per hour: a lock" in str(result.error)
    assert record_of(world).phase == "incomplete"
    assert record_of(world).left == (COMPUTE, KEEP)
    assert KEEP in world.groups  # the timer in it is the last who can delete the other


def test_nothing_that_is_billed_is_made_before_the_timer_is_proven(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.armed = False
    result = world.new_run().go()
    assert isinstance(result.error, ProvisioningError)
    assert "begin compute" not in world.observer.lines
    assert world.groups == {}


def test_without_the_role_the_run_goes_on_with_the_client_alone_and_says_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.armed, world.standing = False, Standing(may_delete=False)
    configs: list[Any] = []
    up = world.up

    def seen_up(part: str, config: Any) -> dict[str, Any]:
        configs.append(config)
        return up(part, config)

    world.up = seen_up  # type: ignore[method-assign]
    assert world.new_run().go().error is None
    assert [config["deleterRole"] for config in configs] == ["none", "none"]
    warned = [line for line in world.observer.lines if "will not delete" in line]
    assert [line.split()[2] for line in warned] == ["nodes", "timer"]


def test_what_a_target_names_and_is_not_there_touches_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"standing": NotFeasible("no such identity")})
    with pytest.raises(NotFeasible):
        world.new_run().go()
    assert world.deleted == []
    assert record_of(world).phase == "deleted"


def test_in_a_container_of_others_a_run_keeps_to_its_own_folder_and_empties_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.standing = Standing(may_delete=True, identity_client_id="theirs", store_url="https://a.blob/team")
    target = replace(TARGET, identity_id="/identity", store="https://a.blob.core.windows.net/team")
    opened: list[str] = []
    result = world.new_run(target=target, opened=opened).go()
    assert result.error is None
    assert set(opened) == {"https://a.blob/team/digits-abc123"}
    assert (tmp_path / "runs/digits-abc123/outputs/model/weights.h5").exists()
    assert world.store.objects == {}


def test_outputs_that_could_not_be_fetched_stay_in_the_container_of_others(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.standing = Standing(may_delete=True, store_url="https://a.blob/team")
    world.store.put("outputs/outputs/../unsafe", b"x")  # which no client takes
    result = world.new_run(target=replace(TARGET, store="https://a.blob.core.windows.net/team")).go()
    assert result.error is not None
    assert world.store.objects


def test_a_run_that_is_kept_tells_its_nodes_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.new_run(keep=True, detach=True).go()
    assert layout.KEEP in world.store.objects


def test_nodes_that_die_while_they_collect_keep_nobody_waiting(tmp_path: Path) -> None:
    world = World(tmp_path)

    def die(store: Any) -> None:
        store.put(layout.OUTCOME, json.dumps(to_json(Outcome("succeeded", ""))).encode())
        world.running = 0

    world.nodes, world.step = die, 0.0001  # seconds that pass at each look: the limit for collecting is never reached
    assert world.new_run().go().error is None
    assert world.groups == {}


def test_outputs_that_cannot_be_fetched_keep_their_group(tmp_path: Path) -> None:
    world = World(tmp_path)

    def unsafe(store: Any) -> None:
        store.put("outputs/outputs/../../../escape", b"")
        store.put(layout.OUTCOME, json.dumps(to_json(Outcome("succeeded", ""))).encode())
        store.put(layout.COLLECTED, b"{}")

    world.nodes = unsafe
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 10
    assert world.deleted == [COMPUTE]
    assert not (tmp_path / "escape").exists()


def test_ctrl_c_while_it_trains_stops_the_nodes_collects_and_deletes(tmp_path: Path) -> None:
    world = World(tmp_path, training)

    def nodes_obey() -> None:
        while world.store.get(layout.STOP) is None:
            time.sleep(0.01)
        world.store.put(layout.output_key("outputs", "half"), b"half")
        world.store.put(layout.COLLECTED, b"{}")

    threading.Thread(target=nodes_obey, daemon=True).start()
    threading.Timer(0.4, lambda: world.interrupt.request(Cancelled("Ctrl-C ended the run"))).start()
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 8
    assert json.loads(world.store.objects[layout.STOP])["reason"] == "cancelled"
    assert (tmp_path / "runs" / "digits-abc123" / "outputs" / "half").exists()
    assert world.groups == {}


def test_a_store_that_is_gone_neither_hides_the_verdict_nor_fills_the_screen(tmp_path: Path) -> None:
    world = World(tmp_path, training)
    gone = threading.Event()

    def fault(verb: str, key: str) -> None:
        if gone.is_set():
            raise OSError("no route to the store\nDebug source: pages of it")

    def cancelled() -> None:
        gone.set()
        world.interrupt.request(Cancelled("Ctrl-C ended the run"))

    world.store = MemoryStore(fault)
    threading.Timer(0.4, cancelled).start()
    result = world.new_run().go()
    assert isinstance(result.error, TeardownIncomplete)
    assert str(result.error).endswith("the outputs in it could not be fetched: no route to the store")
    assert [*world.groups] == [KEEP]
    record = record_of(world)
    assert (record.result, record.message, record.exit_code) == ("cancelled", "Ctrl-C ended the run", 10)
    assert not any("pages of it" in line for line in world.observer.lines)


def test_the_deadline_ends_a_training_with_its_own_exit_code(tmp_path: Path) -> None:
    world = World(tmp_path, training)
    world.step = 0.2
    result = world.new_run(a_plan(limits=Limits(max_run_duration=8, keep_outputs=60))).go()
    assert result.error is not None
    assert result.error.exit_code == 9
    assert json.loads(world.store.objects[layout.STOP])["reason"] == "limit"
    assert world.groups == {}


def test_an_update_under_way_is_ended_before_its_groups_are_deleted(tmp_path: Path) -> None:
    world = World(tmp_path)
    order: list[str] = []
    delete = world.delete_group

    def slow_up(part: str, config: Any) -> dict[str, Any]:
        world.interrupt.request(Cancelled("Ctrl-C ended the run"))
        world.closed.wait(5)
        order.append("update ended")
        raise ProvisioningError("cancelled")

    world.up = slow_up  # type: ignore[method-assign]

    def watched_delete(group: str) -> None:
        order.append("delete")
        delete(group)

    world.delete_group = watched_delete  # type: ignore[method-assign]
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 8
    assert order == ["update ended", "delete", "delete"]


def test_nodes_that_are_gone_end_the_run_with_a_message(tmp_path: Path) -> None:
    world = World(tmp_path, lambda store: None)
    world.running, world.step = 0, 1.0
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 7
    assert "all nodes are gone" in str(result.error)
    assert world.groups == {}


def test_a_detached_run_is_left_with_a_record_that_says_how_to_go_on(tmp_path: Path) -> None:
    world = World(tmp_path, training)
    result = world.new_run(detach=True).go()
    assert result.error is None
    assert set(world.groups) == {KEEP, COMPUTE}
    assert record_of(world).detached
    assert record_of(world).client is None
    assert (run_folder(tmp_path / "state", "digits-abc123").audit_folder / "compute.state.json").exists()
    assert world.store.get(layout.WATCH) is None


def test_a_failed_training_is_held_and_ctrl_c_ends_the_hold(tmp_path: Path) -> None:
    world = World(tmp_path, failing)
    threading.Timer(0.6, lambda: world.interrupt.request(Cancelled("Ctrl-C"))).start()
    result = world.new_run(a_plan(hold_on_failure=1800, limits=Limits(6000, 60))).go()
    assert result.error is not None
    assert result.error.exit_code == 7
    assert any("held for" in line for line in world.observer.lines)
    assert world.groups == {}


def test_use_gpu_without_a_gpu_is_not_feasible_here(tmp_path: Path) -> None:
    world = World(tmp_path)
    with pytest.raises(NotFeasible):
        world.new_run(a_plan(use_gpu=True)).go()


def test_a_rehearsal_without_a_gpu_says_so_and_takes_the_cpu_build(tmp_path: Path) -> None:
    world = World(tmp_path)
    needs = a_plan().requirements
    gpu = a_plan(use_gpu=True, requirements=type(needs)(**{**to_json(needs), "pip": (), "gpu": True}))
    assert world.new_run(gpu, rehearse=True).go().error is None
    assert world.locked.gpu is False
    assert any("has no GPU" in line for line in world.observer.lines)


def test_stacks_in_a_backend_of_the_users_own_are_dropped_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    world = World(tmp_path)
    world.new_run().go()
    assert sorted(world.dropped) == ["digits-abc123-compute", "digits-abc123-keep"]


def test_nodes_that_end_before_pulumi_does_see_that_somebody_watches(tmp_path: Path) -> None:
    world = World(tmp_path)
    up, beats = world.up, set[bytes]()

    def slow_up(part: str, config: Any) -> dict[str, Any]:
        made = up(part, config)
        until = time.monotonic() + 20
        while part == "compute" and len(beats) < 3 and time.monotonic() < until:
            beats.add(world.store.get(layout.WATCH) or b"")
            time.sleep(0.02)
        return made

    world.up = slow_up  # type: ignore[method-assign]
    assert world.new_run().go().error is None
    assert len(beats) >= 3


def test_the_nodes_find_where_their_data_is_before_they_boot(tmp_path: Path) -> None:
    seen: list[bytes | None] = []

    def nodes(store: MemoryStore) -> None:
        seen.append(store.get(layout.DATA))
        succeeding(store)

    url = "https://abc123.blob.core.windows.net/data"
    world = World(tmp_path, nodes)
    world.new_run(a_plan(inputs=(Input("digits", "download", url=url),))).go()
    assert json.loads(seen[0] or b"null")["inputs"]["digits"]["store"] == url


def test_secrets_are_handed_over_while_the_run_trains(tmp_path: Path) -> None:
    key, world = NodeKey(), World(tmp_path, training)
    node = NodeRegistration("vm-1", "host", "10.0.0.4", None, 2222, 2, 0, key.public)
    world.machines = {"vm-1"}
    world.store.put(layout.INVENTORY, json.dumps(to_json(Inventory((node,)))).encode())
    put = world.store.put

    def train_once_they_are_there(key: str, data: bytes) -> None:
        put(key, data)
        if key == layout.SECRETS:
            succeeding(world.store)

    world.store.put = train_once_they_are_there  # type: ignore[method-assign]
    result = world.new_run(a_plan(secrets=("TOKEN",)), Given({"TOKEN": "a value"})).go()
    assert result.error is None
    assert key.open(world.store.objects[layout.SECRETS]) == {"TOKEN": "a value"}
    (event,) = [
        e for e in read_events(run_folder(tmp_path / "state", "digits-abc123").audit.path) if e["event"] == "secrets"
    ]
    assert event["names"] == ["TOKEN"] and "a value" not in json.dumps(event)


def test_a_detached_run_whose_nodes_never_ask_for_their_secrets_is_deleted(tmp_path: Path) -> None:
    world = World(tmp_path, lambda store: None)
    world.step = 1.0
    plan = a_plan(secrets=("TOKEN",), limits=Limits(max_run_duration=100_000, keep_outputs=60))
    result = world.new_run(plan, Given({"TOKEN": "a value"}), detach=True).go()
    assert isinstance(result.error, ProvisioningError) and "nobody could take the secrets" in result.error.message
    assert world.groups == {}
