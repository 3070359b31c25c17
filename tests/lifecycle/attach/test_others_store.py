"""A run's folder in a container of others: emptied with the run, never more than that, and found after the groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.fakes import TARGET, World
from tests.lifecycle.record.test_record import a_record
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.lifecycle.attach.found_run import has_store
from tfinfra.lifecycle.end.teardown import clear_store, down
from tfinfra.lifecycle.record.run_record import RunRecord, run_folder
from tfinfra.store import MemoryStore, clear, open_store

RUN = "digits-abc123"
CONTAINER = "https://a.blob.core.windows.net/team"
THEIRS = replace(TARGET, identity_id="/identity", store=CONTAINER)


def recorded(**changes: object) -> RunRecord:
    return a_record(RUN, target=THEIRS, store=f"{CONTAINER}/{RUN}", **changes)


def test_down_empties_the_runs_folder(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store.put("outputs/outputs/model.h5", b"x")
    folder = run_folder(tmp_path, RUN)
    folder.write(recorded())
    down(world.ports(), folder, RUN, lambda _: None, lambda _: None)
    assert world.store.objects == {}


@pytest.mark.parametrize(
    "record",
    [
        recorded(),
        replace(recorded(), store=CONTAINER),
        replace(recorded(), store=f"{CONTAINER}/another-abc123"),
        replace(recorded(), target=TARGET, store="file:///keep/run"),
        None,
    ],
    ids=["its folder", "the whole container", "another run's", "a store of its own", "no record"],
)
def test_nothing_but_the_runs_own_folder_is_emptied(tmp_path: Path, record: RunRecord | None) -> None:
    world = World(tmp_path)
    world.store.put("a", b"x")
    clear_store(world.ports(), record)
    assert bool(world.store.objects) is (record is None or record != recorded())


def test_a_folder_that_cannot_be_emptied_is_named(tmp_path: Path) -> None:
    world = World(tmp_path)

    def fault(verb: str, key: str) -> None:
        raise OSError("read only")

    world.store = MemoryStore(fault)
    assert clear_store(world.ports(), recorded()) == {f"{CONTAINER}/{RUN}": "read only"}


def test_the_store_is_found_when_the_groups_are_gone_and_not_once_it_is_deleted() -> None:
    keep = (RunGroup(f"tfinfra-{RUN}-keep", RUN, ""),)
    assert has_store(recorded(), ())
    assert not has_store(recorded(phase="deleted"), ())
    assert not has_store(replace(recorded(), target=TARGET), ())
    assert has_store(replace(recorded(), target=TARGET), keep)


def test_two_runs_in_one_folder_do_not_see_each_other(tmp_path: Path) -> None:
    one, other = (open_store(f"{tmp_path.as_uri()}/team/{run}") for run in ("one-abc123", "other-abc123"))
    one.put("outputs/x", b"1")
    other.put("outputs/x", b"2")
    assert (one.list(""), one.get("outputs/x")) == (["outputs/x"], b"1")
    assert clear(one) == 1
    assert one.list("") == []
    assert other.get("outputs/x") == b"2"


def test_a_blob_url_may_go_on_with_a_prefix() -> None:
    store = open_store(f"{CONTAINER}/{RUN}", lambda: ("token", 9e9))
    assert str(store._store.prefix) == RUN  # type: ignore[attr-defined] # obstore's own, of the real client
    assert store._store.config["container_name"] == "team"  # type: ignore[attr-defined] # as above
