"""Where a run's outputs are: at home before anything is deleted, else where they were."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.lifecycle.fakes import TARGET, World
from tests.lifecycle.runs import COMPUTE
from tfinfra import layout
from tfinfra.azure.standing import Standing
from tfinfra.model import Heartbeat, Outcome, to_json


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


def test_nodes_that_die_while_they_collect_keep_nobody_waiting(tmp_path: Path) -> None:
    world = World(tmp_path)

    def die(store: Any) -> None:
        store.put(layout.heartbeat_key("n0"), json.dumps(to_json(Heartbeat("n0", 1, world.now, "training"))).encode())
        store.put(layout.OUTCOME, json.dumps(to_json(Outcome("succeeded", ""))).encode())
        world.running = 0

    world.nodes, world.step = die, 0.0001  # seconds that pass at each look: the limit for collecting is never reached
    world.listing = 0.001
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
