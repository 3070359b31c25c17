"""What a run was made from is noted by its client, here and in the run's store."""

from __future__ import annotations

from pathlib import Path

from tests.lifecycle.fake_effects import A_LOCK
from tests.lifecycle.fakes import World
from tests.lifecycle.runs import record_of
from tfinfra.bundle.build import Bundle, Packed
from tfinfra.evidence.material import GitState, GivenInput, Origin
from tfinfra.lifecycle.evidence.origin import FILE, note_origin, origin_of, read_origin
from tfinfra.lifecycle.record.run_record import RunFolder, run_folder
from tfinfra.model import to_json
from tfinfra.store import MemoryStore, keys
from tfinfra.system.local_tree import LocalTree, TreeFile

PACKED = (Packed("run.sh", "01" * 32, executable=True), Packed("a.py", "02" * 32), Packed("data", None, link="../d"))


def an_origin(tmp_path: Path) -> Origin:
    bundle = Bundle(tmp_path / "bundle", "bundle/x.tar.gz", "03" * 32, PACKED)
    trees = {"digits": LocalTree((TreeFile("x.csv", tmp_path / "x.csv", 12),), "04" * 32)}
    return origin_of(bundle, A_LOCK, {"plan.json": "{}"}, trees)


def test_it_has_the_files_that_travelled_the_environment_and_the_inputs(tmp_path: Path) -> None:
    assert an_origin(tmp_path) == Origin(
        source={"run.sh": "01" * 32, "a.py": "02" * 32},
        executable=("run.sh",),
        links={"data": "../d"},
        bundle="03" * 32,
        environment=to_json(A_LOCK),
        deploy={"plan.json": "{}"},
        inputs=(GivenInput("digits", "04" * 32, 1, 12),),
    )


def test_a_locked_run_s_origin_has_its_lock(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path / "bundle", "bundle/x.tar.gz", "03" * 32, ())
    found = origin_of(bundle, A_LOCK, {}, {}, locked="lock: {}\n", git=GitState("0b" * 20, dirty=False))
    assert (found.lock, found.git) == ("lock: {}\n", GitState("0b" * 20, dirty=False))


def test_it_is_read_here_else_from_the_store_which_its_nodes_may_write_to(tmp_path: Path) -> None:
    store, here, elsewhere = MemoryStore(), RunFolder(tmp_path / "here"), RunFolder(tmp_path / "elsewhere")
    here.path.mkdir()
    origin = an_origin(tmp_path)
    note_origin(here, store, origin)
    assert read_origin(elsewhere, store) == origin
    store.objects[keys.ORIGIN] = b"{}"
    assert read_origin(here, store) == origin
    assert "unreadable" in str(read_origin(elsewhere, store))
    assert read_origin(elsewhere, None) == "what the run was made from was not noted"


def test_a_disk_that_does_not_take_it_is_complained_of(tmp_path: Path) -> None:
    folder, store = RunFolder(tmp_path / "missing"), MemoryStore()
    note_origin(folder, store, an_origin(tmp_path))
    assert folder.complaints == [f"{FILE} cannot be written: No such file or directory"]
    assert keys.ORIGIN in store.objects


def test_a_run_notes_it_before_it_has_nodes(tmp_path: Path) -> None:
    world, there = World(tmp_path), list[bool]()
    nodes = world.nodes

    def booted(store: MemoryStore) -> None:
        there.append(keys.ORIGIN in store.objects)
        nodes(store)

    world.nodes = booted
    world.new_run().go()
    assert there == [True] and record_of(world).result == "succeeded"
    assert isinstance(read_origin(run_folder(tmp_path / "state", "digits-abc123"), None), Origin)
