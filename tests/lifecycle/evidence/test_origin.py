"""What a run was made from is noted by its client, here and in the run's store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle.fake_effects import A_LOCK
from tests.lifecycle.fakes import World
from tests.lifecycle.runs import record_of
from tests.travel.test_git_state import git
from tfinfra.bundle.build import Bundle, Packed
from tfinfra.evidence.material import GivenInput, Origin
from tfinfra.lifecycle.evidence.origin import FILE, note_origin, origin_of, read_origin
from tfinfra.lifecycle.record.run_record import RunFolder, run_folder
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.model import Locked, to_json
from tfinfra.model.git_state import GitState
from tfinfra.store import MemoryStore, keys
from tfinfra.system.local_tree import LocalTree, TreeFile
from tfinfra.travel.survey import SourceFile, Survey

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
    bundle = Bundle(tmp_path / "bundle", "bundle/x.tar.gz", "03" * 32, PACKED)
    source = {"run.sh": f"sha256:{'01' * 32} executable", "a.py": f"sha256:{'07' * 32}", "data": "link ../d"}
    held = HeldLock("lock: {}\n", "sha256:…", A_LOCK, Locked("0" * 64, "k", "3.11.9"), source)
    found = origin_of(bundle, A_LOCK, {}, {}, held=held, git=GitState("0b" * 20, dirty=False))
    assert (found.lock, found.git) == ("lock: {}\n", GitState("0b" * 20, dirty=False))
    assert found.line_ends == {"a.py": "07" * 32}, "by which the lock knows it"


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


@pytest.mark.parametrize("dirty", [False, True])
def test_a_run_notes_the_commit_and_whether_a_file_is_not_as_that_has_it(dirty: bool, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text("print(1)\n")
    git(source, "init", "-q")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "all")
    (source / "train.py").write_text(f"print({1 + dirty})\n")
    world = World(tmp_path)
    world.travels = Survey((SourceFile("train.py", 9, executable=False, link=None),))
    world.new_run().go()
    origin = read_origin(run_folder(tmp_path / "state", "digits-abc123"), None)
    assert isinstance(origin, Origin)
    assert origin.git == GitState(git(source, "rev-parse", "HEAD"), dirty)
