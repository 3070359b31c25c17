"""What a node brings into the store: all that is a file, told before it is brought; and the rest by its name."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from tfinfra.agent.end import collect_outputs as collecting
from tfinfra.agent.end.collect_outputs import collect
from tfinfra.agent.node.node_records import write
from tfinfra.model import CollectedMark, CollectingMark
from tfinfra.store import MemoryStore, keys, readable


def a_directory(tmp_path: Path, *names: str) -> Path:
    for name in names:
        path = tmp_path / "shared" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return tmp_path / "shared"


def test_what_there_is_to_bring_is_told_before_it_is_brought(tmp_path: Path) -> None:
    shared, order = a_directory(tmp_path, "outputs/a#1", "checkpoints/b"), list[str]()
    store = MemoryStore(lambda verb, key: order.append(key) if verb == "put" else None)
    assert collect(store, shared).files == 2
    assert order[0] == keys.COLLECTING and order[-1] == keys.COLLECTED
    told = json.loads(store.objects[keys.COLLECTING])
    names = {"outputs/outputs/a%231": 11, "outputs/checkpoints/b": 13}
    assert told == {"files": 2, "bytes": 24, "names": names}
    assert set(names) <= set(store.objects)


def test_the_names_that_are_told_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "LISTED", 40)
    store = MemoryStore()
    collect(store, a_directory(tmp_path, *(f"outputs/f{i}" for i in range(9))))
    told = json.loads(store.objects[keys.COLLECTING])
    assert (told["files"], len(told["names"])) == (9, 2)


def test_what_is_no_file_is_named_as_what_it_is(tmp_path: Path) -> None:
    shared, store = a_directory(tmp_path, "outputs/model"), MemoryStore()
    os.mkfifo(shared / "outputs/pipe")
    for name, target in {"latest": "model", "gone": "nothing", "folder": ".", "null": "/dev/null"}.items():
        (shared / "outputs" / name).symlink_to(target)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(shared / "outputs/sock"))
        collected = collect(store, shared)
    assert (collected.files, collected.warnings) == (2, ())
    assert store.objects[keys.output_key("outputs", "latest")] == b"outputs/model"
    assert sorted(collected.skipped) == [
        "outputs/folder is a link to a folder",
        "outputs/gone is a link that leads nowhere",
        "outputs/null is a device",
        "outputs/pipe is a pipe",
        "outputs/sock is a socket",
    ]


def test_a_file_that_cannot_be_read_is_a_warning_and_the_others_come(tmp_path: Path) -> None:
    def fault(verb: str, key: str) -> None:
        if key.endswith("/bad"):
            raise OSError("I/O error")

    store = MemoryStore(fault)
    collected = collect(store, a_directory(tmp_path, "outputs/bad", "outputs/good"))
    assert (collected.files, collected.failed) == (1, {"outputs/bad": "I/O error"})


def test_a_great_many_odd_things_are_not_all_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "_MOST_NAMED", 2)
    shared = a_directory(tmp_path, "outputs/model")
    for i in range(5):
        (shared / f"outputs/gone-{i}").symlink_to("nothing")
    assert collect(MemoryStore(), shared).skipped[-1] == "and 3 more: see the agent's log"


def test_failures_beyond_those_that_are_named_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(verb: str, key: str) -> None:
        if "/bad" in key:
            raise OSError("I/O error")

    monkeypatch.setattr(collecting, "_MOST_NAMED", 2)
    collected = collect(MemoryStore(fault), a_directory(tmp_path, *(f"outputs/bad{i}" for i in range(5))))
    assert (collected.files, len(collected.failed), collected.unnamed) == (0, 2, 3)


def test_a_terabyte_in_millions_of_files_is_a_record_like_any_other() -> None:
    store = MemoryStore()
    write(store, keys.COLLECTING, CollectingMark(5_000_000, 10**12, {"outputs/outputs/a": 10**11}))
    write(store, keys.COLLECTED, CollectedMark(5_000_000))
    assert readable(store, keys.COLLECTING, CollectingMark) is not None
    assert readable(store, keys.COLLECTED, CollectedMark) is not None


def test_a_tree_deeper_than_any_path_costs_the_others_nothing(tmp_path: Path) -> None:
    shared = a_directory(tmp_path, "outputs/model")
    here = os.open(shared / "outputs", os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        here, above = os.open("d" * 200, os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    collected = collect(MemoryStore(), shared)
    assert collected.files == 1
    assert (collected.failed, collected.unnamed) == ({}, 1)


ODD_NAMES = {
    "a name that is too long to be told": "d" * 200 + "/" + "e" * 200 + "/" + "f" * 200,
    "no UTF-8": "caf\udce9",
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_a_failure_whose_name_cannot_be_told_as_it_is_is_counted(name: str, tmp_path: Path) -> None:
    def fault(verb: str, key: str) -> None:
        if key.startswith("outputs/"):
            raise OSError("I/O error")

    collected = collect(MemoryStore(fault), a_directory(tmp_path, "outputs/bad", f"outputs/{name}"))
    assert (collected.failed, collected.unnamed) == ({"outputs/bad": "I/O error"}, 1)
