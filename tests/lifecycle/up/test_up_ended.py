"""A run that somebody or its deadline ends: it is stopped, collected and deleted as any other."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import World, a_plan, training
from tests.lifecycle.runs import COMPUTE, KEEP, record_of
from tfinfra.errors import Cancelled, ProvisioningError, TeardownIncomplete
from tfinfra.lifecycle.end import deletion_wait, ending
from tfinfra.model import Limits
from tfinfra.store import MemoryStore, keys


def test_ctrl_c_while_it_trains_stops_the_nodes_collects_and_deletes(tmp_path: Path) -> None:
    world = World(tmp_path, training)

    def nodes_obey() -> None:
        while world.store.get(keys.STOP) is None:
            time.sleep(0.01)
        world.store.put(keys.output_key("outputs", "half"), b"half")
        world.store.put(keys.COLLECTED, b"{}")

    threading.Thread(target=nodes_obey, daemon=True).start()
    threading.Timer(0.4, lambda: world.interrupt.request(Cancelled("Ctrl-C ended the run"))).start()
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 8
    assert json.loads(world.store.objects[keys.STOP])["reason"] == "cancelled"
    assert (tmp_path / "runs" / "digits-abc123" / "outputs" / "half").exists()
    assert world.groups == {}


@pytest.mark.parametrize(("interrupted", "answers"), [(True, False), (True, True), (False, False)])
def test_who_ends_a_run_waits_for_no_arm_that_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: bool, answers: bool
) -> None:
    """A run that ends by itself waits for an ARM that comes back."""
    monkeypatch.setattr(deletion_wait, "LOOK", 0.05)
    monkeypatch.setattr(deletion_wait, "SILENCE", 0.2)
    world, back = World(tmp_path, lambda store: None), threading.Event()

    def slow(group: str) -> None:
        threading.Timer(2.0, back.set).start()
        back.wait(20)
        world.groups.pop(group, None)

    monkeypatch.setattr(world, "delete_group", slow)
    world.arm_answers = answers
    if interrupted:
        world.interrupt.request(Cancelled("SIGTERM ended the run"))
    else:
        world.faults["environment"] = ProvisioningError("no environment")
    error = world.new_run().go().error
    if interrupted and not answers:
        assert isinstance(error, TeardownIncomplete)
        assert not back.is_set()
        assert "ARM has not answered for" in str(error)
        assert record_of(world).left == (COMPUTE, KEEP)
    else:
        assert back.is_set()
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
    assert json.loads(world.store.objects[keys.STOP])["reason"] == "limit"
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


def test_an_update_that_never_ends_keeps_no_node_from_being_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "CLOSING", 0.1)
    world, over = World(tmp_path, training), threading.Event()
    up = world.up

    def stuck_up(part: str, config: Any) -> dict[str, Any]:
        made = up(part, config)
        if part != "keep":
            world.interrupt.request(Cancelled("Ctrl-C ended the run"))
            over.wait(20)
        return made

    world.up = stuck_up  # type: ignore[method-assign]
    result = world.new_run().go()
    over.set()
    assert result.error is not None
    assert result.error.exit_code == 8
    assert json.loads(world.store.objects[keys.STOP])["reason"] == "cancelled"
    assert not any("could not be ended in order" in line for line in world.observer.lines)
    assert world.groups == {}
