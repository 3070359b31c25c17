"""A whole run against a played world: whatever happens after the first write, nothing is left, or it is named."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import World, a_plan, failing, training
from tfinfra import layout
from tfinfra.audit.log import broken_at, read_events
from tfinfra.errors import Cancelled, NotFeasible, ProvisioningError
from tfinfra.lifecycle.record import run_folder
from tfinfra.model import Limits, Outcome, to_json

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
def test_what_fails_before_the_first_write_touches_nothing_and_leaves_no_run(tmp_path: Path, step: str) -> None:
    world = World(tmp_path, faults={step: ProvisioningError("no such package")})
    with pytest.raises(ProvisioningError):
        world.new_run().go()
    assert world.deleted == []
    assert record_of(world) is None
    assert not run_folder(tmp_path / "state", "digits-abc123").path.exists()


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
    result = world.new_run(usd_per_hour=27.2).go()
    assert result.error is not None
    assert result.error.exit_code == 10
    assert f"{COMPUTE}: 27.20 USD per hour: a lock" in str(result.error)
    assert record_of(world).phase == "incomplete"
    assert record_of(world).left == (COMPUTE, KEEP)
    assert KEEP in world.groups  # the timer in it is the last who can delete the other


def test_a_timer_that_is_not_proven_is_said(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.armed = False
    assert world.new_run().go().error is None
    assert any("timer could not be proven" in line for line in world.observer.lines)


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
