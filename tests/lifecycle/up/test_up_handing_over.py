"""What nodes are handed over while a run is under way: where their data is, and the secrets."""

from __future__ import annotations

import json
from pathlib import Path

from tests.lifecycle.fakes import World, a_plan, succeeding, training
from tfinfra.audit.log import read_events
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.data.staging import Given
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.model import DataSources, Input, Inventory, Limits, NodeRegistration, from_json, to_json
from tfinfra.sealing import NodeKey, is_marked
from tfinfra.store import MemoryStore, keys


def test_the_nodes_find_where_their_data_is_before_they_boot(tmp_path: Path) -> None:
    seen: list[bytes | None] = []

    def nodes(store: MemoryStore) -> None:
        seen.append(store.get(keys.DATA))
        succeeding(store)

    url = "https://abc123.blob.core.windows.net/data"
    world = World(tmp_path, nodes)
    world.new_run(a_plan(inputs=(Input("digits", "download", url=url),))).go()
    assert json.loads(seen[0] or b"null")["inputs"]["digits"]["store"] == url


def test_secrets_are_handed_over_while_the_run_trains(tmp_path: Path) -> None:
    key, world = NodeKey(), World(tmp_path, training)
    node = NodeRegistration("vm-1", "host", "10.0.0.4", None, 2222, 2, 0, key.public)
    world.machines = {"vm-1"}
    world.store.put(keys.INVENTORY, json.dumps(to_json(Inventory((node,)))).encode())
    put = world.store.put

    def train_once_they_are_there(key: str, data: bytes) -> None:
        put(key, data)
        if key == keys.SECRETS:
            succeeding(world.store)

    world.store.put = train_once_they_are_there  # type: ignore[method-assign]
    data = Input("digits", "download", url="https://abc123.blob.core.windows.net/data")
    result = world.new_run(a_plan(secrets=("TOKEN",), inputs=(data,)), Given({"TOKEN": "a value"})).go()
    assert result.error is None
    given = key.open(world.store.objects[keys.SECRETS])
    assert given.secrets == {"TOKEN": "a value"}
    said = from_json(DataSources, json.loads(world.store.objects[keys.DATA]))
    assert is_marked(said.mark, given.key, *said.words()), "nodes know by it that their data is the client's"
    (event,) = [
        e for e in read_events(run_folder(tmp_path / "state", "digits-abc123").audit.path) if e["event"] == "secrets"
    ]
    assert event["names"] == ["TOKEN"] and "a value" not in json.dumps(event)


def test_a_detached_run_whose_nodes_never_ask_for_their_secrets_is_deleted(tmp_path: Path) -> None:
    world = World(tmp_path, lambda store: None)
    world.step = 1.0
    plan = a_plan(secrets=("TOKEN",), limits=Limits(max_run_duration=100_000, keep_outputs=60))
    result = world.new_run(plan, Given({"TOKEN": "a value"}), detach=True).go()
    assert (
        isinstance(result.error, ProvisioningError) and "nobody could take the key and secrets" in result.error.message
    )
    assert world.groups == {}
