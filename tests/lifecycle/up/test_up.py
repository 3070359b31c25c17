"""A whole run against a played world: what is left of it, and what its record, audit log and nodes are told."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.chained import first_broken_line
from tests.lifecycle.fake_effects import A_LOCK, DIGEST, FakePulumi, FakeWorkshop
from tests.lifecycle.fakes import Nodes, World, a_plan, failing, succeeding, training
from tests.lifecycle.runs import COMPUTE, KEEP, record_of
from tfinfra.audit.log import read_events
from tfinfra.bundle import Bundle, Packed
from tfinfra.environment.lock_file import Lock
from tfinfra.errors import Cancelled, DifferenceFound, NotFeasible
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.lifecycle.up.launch import closing_lines
from tfinfra.model import Locked, NodeSettings, Requirements, from_json, to_json
from tfinfra.money.budget import Burn
from tfinfra.store import keys


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
    assert first_broken_line(path) is None
    for phase in ("prepare", "keep", "environment", "bundle", "compute", "train", "collect"):
        assert events.index(f"{phase}.begin") < events.index(f"{phase}.end")
    assert "teardown.verified" in events


def test_a_locked_run_takes_its_locks_environment_keeps_the_lock_and_has_its_nodes_check(tmp_path: Path) -> None:
    world, up = World(tmp_path), World.up
    nodes, seen = Locked(digest="a" * 64, environment="held", python="3.11.9"), dict[str, Any]()

    def watched_up(part: str, config: Any) -> dict[str, Any]:
        seen[part] = config
        return up(world, part, config)

    world.up = watched_up  # type: ignore[method-assign]
    held = HeldLock("lock: {version: 1}\n", "sha256:00", replace(A_LOCK, key="held"), nodes)
    world.new_run(held=held).go()
    folder = run_folder(tmp_path / "state", "digits-abc123")
    assert record_of(world).environment == "held"
    assert json.loads((folder.path / "origin.json").read_text())["lock"] == held.text
    assert [e["digest"] for e in read_events(folder.audit.path) if e["event"] == "lock"] == ["sha256:00"]
    assert from_json(NodeSettings, json.loads(seen["compute"]["nodeSettings"])).locked == nodes


@pytest.mark.parametrize("locked", ["sha256:" + "b" * 64, "sha256:" + "a" * 64 + " executable"])
def test_a_file_saved_after_the_run_was_held_against_its_lock_is_not_uploaded(
    locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, nodes = World(tmp_path), Locked(digest="a" * 64, environment="held", python="3.11.9")
    made = FakeWorkshop.bundle

    def bundle(*words: Any, **named: Any) -> Bundle:
        return replace(made(*words, **named), source=(Packed("train.py", "a" * 64),))

    monkeypatch.setattr(FakeWorkshop, "bundle", bundle)
    held = HeldLock("", "sha256:00", A_LOCK, nodes, source={"train.py": locked})
    result = world.new_run(held=held).go()
    assert isinstance(result.error, DifferenceFound)
    assert "'train.py' is not as it was locked" in result.error.message
    assert keys.bundle_key(DIGEST) not in world.store.objects
    assert world.groups == {}


def test_a_run_is_known_while_it_prepares(tmp_path: Path) -> None:
    world, seen = World(tmp_path), list[Any]()
    lock = world.lock

    def watched(requirements: Requirements) -> Lock:
        seen.append(record_of(world))
        return lock(requirements)

    world.lock = watched  # type: ignore[method-assign]
    world.new_run().go()
    assert (seen[0].phase, seen[0].client) == ("starting", this_process())
    assert seen[0].ledger.intervals == ()


def test_a_run_that_is_kept_tells_its_nodes_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.new_run(keep=True, detach=True).go()
    assert keys.KEEP in world.store.objects


@pytest.mark.parametrize(("nodes", "exit_code"), [(succeeding, 0), (failing, 7)])
def test_a_kept_run_comes_home_and_its_nodes_stay(tmp_path: Path, nodes: Nodes, exit_code: int) -> None:
    world = World(tmp_path, nodes)
    result = world.new_run(keep=True, burn=Burn(3.0, 0.5)).go()
    record, results = record_of(world), tmp_path / "runs" / "digits-abc123"
    assert (result.error.exit_code if result.error else 0) == record.exit_code == exit_code
    assert set(world.groups) == {KEEP, COMPUTE}
    assert (record.phase, record.client, record.fetched) == ("held", None, True)
    assert json.loads((results / "run.json").read_text())["phase"] == "held"
    assert (results / "audit" / "statement.json").exists()
    assert world.closed.is_set()
    told = "\n".join(closing_lines(result))
    assert f"held until {record.deadline} at most: 3.00 USD an hour" in told
    assert f"tfinfra down {record.run}" in told


def test_ctrl_c_while_a_kept_run_trains_deletes_it(tmp_path: Path) -> None:
    world = World(tmp_path, training)
    threading.Timer(0.4, lambda: world.interrupt.request(Cancelled("Ctrl-C"))).start()
    result = world.new_run(keep=True).go()
    assert result.error is not None
    assert result.error.exit_code == 8
    assert world.groups == {}


def test_a_detached_run_is_left_with_a_record_that_says_how_to_go_on(tmp_path: Path) -> None:
    world = World(tmp_path, training)
    result = world.new_run(detach=True).go()
    assert result.error is None
    assert set(world.groups) == {KEEP, COMPUTE}
    assert record_of(world).detached
    assert record_of(world).client is None
    assert (run_folder(tmp_path / "state", "digits-abc123").audit_folder / "compute.state.json").exists()
    assert world.store.get(keys.WATCH) is None


def test_use_gpu_without_a_gpu_is_not_feasible_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfinfra.compiler.load.machine_gpus", lambda: 0)
    world = World(tmp_path)
    with pytest.raises(NotFeasible):
        world.new_run(a_plan(use_gpu=True)).go()


def test_a_rehearsal_without_a_gpu_says_so_and_takes_the_cpu_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfinfra.compiler.load.machine_gpus", lambda: 0)
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
    pulumi = FakePulumi(monkeypatch)
    world.new_run().go()
    assert sorted(pulumi.dropped) == ["digits-abc123-compute", "digits-abc123-keep"]


def test_nodes_that_end_before_pulumi_does_see_that_somebody_watches(tmp_path: Path) -> None:
    world = World(tmp_path)
    up, beats = world.up, set[bytes]()

    def slow_up(part: str, config: Any) -> dict[str, Any]:
        made = up(part, config)
        until = time.monotonic() + 20
        while part == "compute" and len(beats) < 3 and time.monotonic() < until:
            beats.add(world.store.get(keys.WATCH) or b"")
            time.sleep(0.02)
        return made

    world.up = slow_up  # type: ignore[method-assign]
    assert world.new_run().go().error is None
    assert len(beats) >= 3
