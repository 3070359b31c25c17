"""Where a run's outputs are: at home before anything is deleted, else where they were."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.lifecycle.fakes import TARGET, World, succeeding
from tests.lifecycle.runs import COMPUTE
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.errors import Result
from tfinfra.lifecycle.up.launch import what_came
from tfinfra.model import Heartbeat, Outcome, TaskStatus, to_json
from tfinfra.store import copying, keys


def test_in_a_container_of_others_a_run_keeps_to_its_own_folder_and_empties_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.prerequisites = Prerequisites(may_delete=True, identity_client_id="theirs", store_url="https://a.blob/team")
    target = replace(TARGET, identity_id="/identity", store="https://a.blob.core.windows.net/team")
    opened: list[str] = []
    result = world.new_run(target=target, opened=opened).go()
    assert result.error is None
    assert set(opened) == {"https://a.blob/team/digits-abc123"}
    assert (tmp_path / "runs/digits-abc123/outputs/model/weights.h5").exists()
    assert world.store.objects == {}


def test_outputs_that_could_not_be_fetched_stay_in_the_container_of_others(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.prerequisites = Prerequisites(may_delete=True, store_url="https://a.blob/team")
    world.store.put("outputs/outputs/../unsafe", b"x")  # which no client takes
    result = world.new_run(target=replace(TARGET, store="https://a.blob.core.windows.net/team")).go()
    assert result.error is not None
    assert world.store.objects


def test_nodes_that_die_while_they_collect_keep_nobody_waiting(tmp_path: Path) -> None:
    world = World(tmp_path)

    def die(store: Any) -> None:
        store.put(keys.heartbeat_key("n0"), json.dumps(to_json(Heartbeat("n0", 1, world.now, "training"))).encode())
        store.put(keys.OUTCOME, json.dumps(to_json(Outcome(Result.SUCCEEDED, ""))).encode())
        world.running = 0

    world.nodes, world.step = die, 0.0001  # seconds that pass at each look: the limit for collecting is never reached
    world.listing = 0.001
    assert world.new_run().go().error is None
    assert world.groups == {}


def test_outputs_that_cannot_be_fetched_keep_their_group(tmp_path: Path) -> None:
    world = World(tmp_path)

    def unsafe(store: Any) -> None:
        store.put("outputs/outputs/../../../escape", b"")
        store.put(keys.OUTCOME, json.dumps(to_json(Outcome(Result.SUCCEEDED, ""))).encode())
        store.put(keys.COLLECTED, b"{}")

    world.nodes = unsafe
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 10
    assert world.deleted == [COMPUTE]
    assert not (tmp_path / "escape").exists()


def saved(tmp_path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((tmp_path / "runs/digits-abc123/run.json").read_text())
    return document


def lost(store: Any) -> None:
    """A node that trained, and ended before it collected."""
    store.put("tasks/rank-0.json", json.dumps(to_json(TaskStatus("rank-0", 0, "running"))).encode())
    store.put(keys.OUTCOME, json.dumps(to_json(Outcome(Result.FAILED, "the agent was killed by SIGKILL"))).encode())


def test_a_node_that_is_lost_with_its_outputs_is_named_with_the_runs_own_exit_code(tmp_path: Path) -> None:
    world = World(tmp_path, lost)
    world.step = 0.5
    result = world.new_run().go()
    assert result.error is not None and result.error.exit_code == 7
    assert world.groups == {}
    assert any("not collected: the nodes were lost before they collected" in line for line in world.observer.lines)
    assert saved(tmp_path)["not_collected"]["files"] is None


def unable(store: Any) -> None:
    """A node that could not bring one of its files."""
    succeeding(store)
    said = {"files": 0, "failed": {"outputs/late": "I/O error"}}
    store.put(keys.COLLECTED, json.dumps(said).encode())


@pytest.mark.parametrize(("node", "code"), [(lost, 7), (unable, None)], ids=["lost", "unable"])
def test_what_a_node_left_on_a_disk_of_this_machine_comes_home(node: Any, code: int | None, tmp_path: Path) -> None:
    world = World(tmp_path, node)
    world.step = 0.5
    outputs = tmp_path / "machine/root/var/lib/tfinfra/shared/outputs"
    outputs.mkdir(parents=True)
    (outputs / "late").write_text("weights")
    cloud = world.cloud()

    def disks(group: str, path: str) -> list[tuple[Path, tuple[str, ...]]]:
        assert group in world.groups  # it is not deleted yet
        return [(tmp_path / "machine", ("root", *path.split("/")[1:]))]

    world.cloud = lambda: replace(cloud, disks=disks)  # type: ignore[method-assign]
    result = world.new_run().go()
    assert (result.error.exit_code if result.error else None) == code
    assert (tmp_path / "runs/digits-abc123/outputs/late").read_text() == "weights"
    assert saved(tmp_path)["not_collected"] is None


def test_what_a_disk_that_went_with_its_machine_did_not_give_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, lost)
    world.step = 0.5
    outputs = tmp_path / "machine/outputs"
    outputs.mkdir(parents=True)
    for name in ("bad", "good"):
        (outputs / name).write_text(name)
    read, cloud, delete = copying._read, world.cloud(), world.delete_group

    def faulty(source: BinaryIO, most: int) -> bytes:
        if (found := read(source, most)) == b"bad":
            raise copying.Unread(errno.EIO, "Input/output error")
        return found

    def with_its_disk(group: str) -> None:
        shutil.rmtree(tmp_path / "machine", ignore_errors=True)
        delete(group)

    monkeypatch.setattr(copying, "_read", faulty)
    world.cloud = lambda: replace(cloud, disks=lambda *_: [(tmp_path / "machine", ())])  # type: ignore[method-assign]
    world.delete_group = with_its_disk  # type: ignore[method-assign]
    result = world.new_run().go()
    assert result.error is not None and result.error.exit_code == 10
    assert world.deleted == [COMPUTE] and not outputs.exists()
    assert [path.name for path in (tmp_path / "runs/digits-abc123/outputs").iterdir()] == ["good"]
    assert saved(tmp_path)["not_collected"]["first"] == ["outputs/bad"]


def test_outputs_that_were_on_their_way_are_counted_and_keep_their_group(tmp_path: Path) -> None:
    world = World(tmp_path)
    late: list[str] = []

    def cut_short(store: Any) -> None:
        lost(store)
        names = {keys.output_key("outputs", f"f{i}"): 100 for i in range(9)}
        for name in list(names)[:3]:
            store.put(name, b"x" * 100)
        store.put(keys.COLLECTING, json.dumps({"files": 9, "bytes": 900, "names": names}).encode())
        late.extend(list(names)[3:5])

    delete = world.delete_group

    def still_writing(group: str) -> None:
        for name in late:
            world.store.put(name, b"x")
        delete(group)

    world.nodes, world.step, world.delete_group = cut_short, 0.5, still_writing  # type: ignore[method-assign]
    result = world.new_run().go()
    assert result.error is not None and result.error.exit_code == 10
    assert "4 files (400 bytes): outputs/f5, outputs/f6" in str(result.error)
    assert "`tfinfra fetch digits-abc123`" in str(result.error.hint)
    assert world.deleted == [COMPUTE]
    assert len([*(tmp_path / "runs/digits-abc123/outputs").iterdir()]) == 5
    assert saved(tmp_path)["not_collected"]["files"] == 4


def test_records_of_the_nodes_that_cannot_be_read_lose_no_outputs(tmp_path: Path) -> None:
    world = World(tmp_path)

    def hostile(store: Any) -> None:
        succeeding(store)
        store.put(keys.COLLECTED, b"[1")

    world.nodes, world.step = hostile, 0.5
    world.new_run().go()
    assert (tmp_path / "runs/digits-abc123/outputs/model/weights.h5").exists()
    assert (tmp_path / "runs/digits-abc123/tasks/rank-0.log").exists()


def test_where_outputs_are_is_said_only_of_a_folder_that_has_some(tmp_path: Path) -> None:
    results = tmp_path / "runs/r"
    assert what_came(results) == ""
    (results / "outputs").mkdir(parents=True)
    assert what_came(results) == ""
    (results / "nodes").mkdir()
    (results / "nodes/agent-0.log").touch()
    assert what_came(results) == "logs"
    (results / "checkpoints").mkdir()
    (results / "checkpoints/step-1").touch()
    assert what_came(results) == "outputs and logs"
