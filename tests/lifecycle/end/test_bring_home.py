"""What comes home of a run: everything that can, logs first; nothing anywhere else; and the rest by its name."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from obstore.exceptions import GenericError

from tfinfra.errors import TeardownIncomplete, UsageError
from tfinfra.lifecycle.end.bring_home import Home, bring_home
from tfinfra.lifecycle.end.salvage import OutputTree
from tfinfra.store import MemoryStore, copying
from tfinfra.store import keys as layout
from tfinfra.store.landing import Landing

TASKS = ("rank-0",)


def a_store(*keys: str, collected: object = None, **records: Any) -> MemoryStore:
    store = MemoryStore()
    for key in keys:
        store.put(key, key.encode())
    store.put(layout.log_key("rank-0", 0), b"step 1\n")
    store.put(layout.TASKS + "/rank-0.json", b"{}")
    if collected is not None:
        store.put(layout.COLLECTED, json.dumps(collected).encode())
    for name, record in records.items():
        store.put(f"{name}.json", json.dumps(record).encode())
    return store


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_what_nodes_put_before_their_word_that_they_are_done_comes_home_though_it_comes_in_mid_look(
    tmp_path: Path,
) -> None:
    """The nodes put their last log and say that they are done, just after the logs were listed."""

    class Late(MemoryStore):
        def list(self, prefix: str) -> list[str]:
            found = super().list(prefix)
            if prefix == layout.LOGS and layout.COLLECTED not in self.objects:
                self.put(layout.log_key("agent-1", 0), b"the last line\n")
                self.put(layout.COLLECTED, b'{"files": 0}')
            return found

    store = Late()
    store.put(layout.log_key("rank-0", 0), b"step 1\n")
    home = bring_home(store, tmp_path, TASKS, None)
    if not home.collected:
        bring_home(store, tmp_path, TASKS, None, before=home)
    assert (tmp_path / "nodes/agent-1.log").read_text() == "the last line\n"


def test_metrics_come_home_whole_whatever_their_chunks_and_names(tmp_path: Path) -> None:
    store = a_store(collected={"files": 0})
    for task, chunks in {"rank-0": (b"a\n", b"b\n"), "node-0": (b"c\n",), "r\x1b[2J": (b"d\n",)}.items():
        for number, chunk in enumerate(chunks):
            store.put(layout.metrics_key(task, number), chunk)
    home = bring_home(store, tmp_path, TASKS, None)
    came = {path.name: path.read_bytes() for path in (tmp_path / "metrics").iterdir()}
    assert came == {"rank-0.jsonl": b"a\nb\n", "node-0.jsonl": b"c\n", "r%1B[2J.jsonl": b"d\n"}
    assert home.missing is None


def test_outputs_come_before_the_metrics_which_come_anew_only_where_they_have_grown(tmp_path: Path) -> None:
    got: list[str] = []
    store = MemoryStore(lambda verb, key: got.append(key) if verb == "get" else None)
    for key in ("outputs/outputs/model", *(layout.metrics_key("rank-0", n) for n in range(40))):
        store.put(key, key.encode())
    store.put(layout.metrics_key("node-0", 0), b"c")
    home = bring_home(store, tmp_path, TASKS, None)
    metrics = [key for key in got if key.startswith(layout.METRICS)]
    assert len(metrics) == 41 and got.index("outputs/outputs/model") < got.index(metrics[0])
    store.put(layout.metrics_key("node-0", 1), b"d")
    got.clear()
    bring_home(store, tmp_path, TASKS, None, before=home)
    assert {key for key in got if key.startswith(layout.METRICS)} == {layout.metrics_key("node-0", n) for n in (0, 1)}
    assert (tmp_path / "metrics/rank-0.jsonl").read_bytes() == "".join(
        layout.metrics_key("rank-0", n) for n in range(40)
    ).encode()
    assert (tmp_path / "metrics/node-0.jsonl").read_bytes() == b"cd"


UNSAFE = {
    "encoded dots": "outputs/outputs/%2e%2e/%2e%2e/escape",
    "dots": "outputs/outputs/../../escape",
    "the root": "outputs//etc/escape",
    "a name of 300 bytes": "outputs/outputs/" + "x" * 300,
}


@pytest.mark.parametrize("sentence", UNSAFE)
def test_one_key_that_is_unsafe_costs_nothing_else_its_way(sentence: str, tmp_path: Path) -> None:
    store = a_store(UNSAFE[sentence], layout.output_key("outputs", "model"), collected={"files": 2})
    home = bring_home(store, tmp_path / "home/runs/r", TASKS, None)
    assert files(tmp_path) == ["home/runs/r/outputs/model", "home/runs/r/tasks/rank-0.log"]
    assert home.missing is not None and home.missing.files == 1 and home.keeps
    assert home.missing.lies == "the run's store"


def test_control_characters_are_encoded_and_the_new_name_is_told(tmp_path: Path) -> None:
    store = a_store(layout.output_key("outputs", "a\x1b]0;\rb\0"), collected={"files": 1})
    home = bring_home(store, tmp_path, TASKS, None)
    assert files(tmp_path / "outputs") == ["a%1B]0;%0Db%00"]
    assert home.missing is None
    assert home.notes == ("outputs/a\\x1b]0;\\rb\\x00 is called outputs/a%1B]0;%0Db%00 here",)


def test_a_key_that_is_file_and_folder_is_named(tmp_path: Path) -> None:
    store = a_store(layout.output_key("outputs", "a"), layout.output_key("outputs", "a/b"), collected={"files": 2})
    home = bring_home(store, tmp_path, TASKS, None)
    assert files(tmp_path / "outputs") == ["a/b"]
    assert "a folder has that name too" in str(home.missing)


def test_names_that_are_one_on_this_file_system_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Landing, "folds", lambda self: True)
    store = a_store(layout.output_key("outputs", "A"), layout.output_key("outputs", "a"), collected={"files": 2})
    home = bring_home(store, tmp_path, TASKS, None)
    assert files(tmp_path / "outputs") == ["A"]
    assert home.missing is not None and home.missing.first == ("outputs/a",)
    assert "'outputs/A' is the same name" in home.missing.why


def test_a_node_that_leaves_a_link_writes_nowhere_on_the_client(tmp_path: Path) -> None:
    """A link in the common directory, and an object whose way leads over it."""
    host, shared = tmp_path / "host", tmp_path / "shared"
    host.mkdir()
    (shared / "outputs").mkdir(parents=True)
    (shared / "outputs/ckpt").symlink_to(host)
    store = a_store(layout.output_key("outputs", "ckpt/authorized_keys"))
    home = bring_home(store, tmp_path / "runs", TASKS, shared.as_uri())
    assert files(host) == []
    assert not (tmp_path / "runs/outputs/ckpt").is_symlink()
    assert files(tmp_path / "runs/outputs") == ["ckpt/authorized_keys"]
    assert home.notes == (f"outputs/ckpt is a link that leads out, to {host}",)


@pytest.mark.parametrize("link", ["runs/r", "runs/r/outputs", "runs/r/outputs/deep"])
def test_a_link_of_somebodys_in_the_results_is_refused_by_its_name(link: str, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (tmp_path / link).parent.mkdir(parents=True)
    (tmp_path / link).symlink_to(host)
    store = a_store(layout.output_key("outputs", "deep/model"), collected={"files": 1})
    told = ""
    try:
        told = str(bring_home(store, tmp_path / "runs/r", TASKS, None).missing)
    except UsageError as error:
        told = str(error)
    assert files(host) == []
    assert link.removeprefix("runs/r/") in told and "is a link" in told


def test_what_is_no_file_is_named_and_the_rest_comes_home(tmp_path: Path) -> None:
    shared = tmp_path / "s"
    (shared / "outputs/sub").mkdir(parents=True)
    (shared / "checkpoints").mkdir()
    for name in ("model", "sub/deep"):
        (shared / "outputs" / name).write_text(name)
    os.mkfifo(shared / "outputs/pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(shared / "outputs/sock"))
        links = {"latest": "model", "up": "../checkpoints", "gone": "nothing", "out": "/etc/passwd", "loop": "loop"}
        for name, target in links.items():
            (shared / "outputs" / name).symlink_to(target)
        bring_home(a_store(), tmp_path / "runs", TASKS, shared.as_uri())
        home = bring_home(a_store(), tmp_path / "runs", TASKS, shared.as_uri())
    assert files(tmp_path / "runs/outputs") == ["latest", "model", "sub/deep"]
    assert (tmp_path / "runs/outputs/latest").read_text() == "model"
    assert not (tmp_path / "runs/outputs/latest").is_symlink()
    assert home.missing is None and not home.keeps
    told = {note.split()[0].removeprefix("outputs/"): note for note in home.notes}
    assert sorted(told) == ["gone", "loop", "out", "pipe", "sock", "up"]
    assert "a pipe" in told["pipe"] and "a socket" in told["sock"] and "leads out" in told["out"]


def test_a_common_directory_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "machine").mkdir()
    (tmp_path / "secret/outputs").mkdir(parents=True)
    (tmp_path / "secret/outputs/key").write_text("the host's")
    (tmp_path / "machine/shared").symlink_to(tmp_path / "secret")
    bring_home(a_store(), tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "machine", ("shared",)),))
    assert files(tmp_path / "runs/outputs") == []


def test_a_dead_machines_disk_is_read_and_nothing_is_missing_then(tmp_path: Path) -> None:
    disk = tmp_path / "machine/root/shared"
    (disk / "outputs").mkdir(parents=True)
    (disk / "outputs/model").write_text("m")
    home = bring_home(
        a_store(), tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "machine", ("root", "shared")),)
    )
    assert files(tmp_path / "runs/outputs") == ["model"]
    assert home.missing is None and not home.keeps
    assert any("read from their disks" in line for line in home.lines())


def test_nodes_that_are_lost_before_they_collect_are_named_and_keep_an_empty_store_from_nobody(tmp_path: Path) -> None:
    home = bring_home(a_store(), tmp_path, TASKS, None)
    assert "lost before they collected" in str(home.missing)
    assert not home.keeps


def test_a_share_that_cannot_be_read_from_here_keeps_its_group(tmp_path: Path) -> None:
    url = "https://a.file.core.windows.net/shared"
    home = bring_home(a_store(), tmp_path, TASKS, url)
    assert home.keeps and home.missing is not None and home.missing.lies == f"the share {url}"


def test_a_run_whose_tasks_never_began_misses_nothing(tmp_path: Path) -> None:
    assert bring_home(MemoryStore(), tmp_path, TASKS, "https://a.file.core.windows.net/s").missing is None


def test_what_was_on_its_way_at_the_deadline_is_counted_measured_and_named(tmp_path: Path) -> None:
    names = {layout.output_key("outputs", f"f{i:05}"): 10 for i in range(1000)}
    store = a_store(*list(names)[:300], collecting={"files": 1200, "bytes": 12_000, "names": names})
    home = bring_home(store, tmp_path, TASKS, None)
    assert home.files == 300 and home.keeps
    assert home.missing is not None
    assert (home.missing.files, home.missing.bytes) == (900, 9000)
    assert home.missing.first[0] == "outputs/f00300"
    assert "900 files (9000 bytes): outputs/f00300, " in home.lines()[-1]
    again = bring_home(store, tmp_path, TASKS, None, before=home)
    assert again.files == 300


def test_files_that_the_node_could_not_bring_come_from_the_common_directory(tmp_path: Path) -> None:
    (tmp_path / "s/outputs").mkdir(parents=True)
    (tmp_path / "s/outputs/big").write_text("big")
    said = {
        "files": 0,
        "failed": {"outputs/big": "no space", "outputs/lost": "I/O error"},
        "skipped": ["outputs/p is a pipe"],
    }
    home = bring_home(a_store(collected=said), tmp_path / "runs", TASKS, (tmp_path / "s").as_uri())
    assert files(tmp_path / "runs/outputs") == ["big"]
    assert home.missing is not None and home.missing.first == ("outputs/lost",)
    assert home.notes == ("outputs/p is a pipe",)
    assert not home.keeps


def test_a_copy_of_a_frozen_nodes_disk_gives_way_to_what_it_collects_later(tmp_path: Path) -> None:
    (tmp_path / "s/outputs").mkdir(parents=True)
    for name in ("model", "failed", "gone"):
        (tmp_path / "s/outputs" / name).write_text("ha")
    share = (tmp_path / "s").as_uri()
    early = bring_home(a_store(), tmp_path / "runs", TASKS, share)
    said = {"files": 1, "failed": {"outputs/failed": "no space"}}
    store = a_store(collected=said)
    for name in ("model", "failed"):
        store.put(layout.output_key("outputs", name), b"half" if name == "failed" else b"whole")
    (tmp_path / "s/outputs/gone").unlink()
    (tmp_path / "s/outputs/failed").write_text("newer")
    late = bring_home(store, tmp_path / "runs", TASKS, share, before=early)
    came = {path.name: path.read_text() for path in (tmp_path / "runs/outputs").iterdir()}
    assert came == {"model": "whole", "failed": "newer", "gone": "ha"}
    assert late.files == 3 and not late.keeps


def test_a_node_that_wrote_on_and_died_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "s/outputs").mkdir(parents=True)
    (tmp_path / "s/outputs/model").write_text("ha")
    share = (tmp_path / "s").as_uri()
    early = bring_home(a_store(), tmp_path / "runs", TASKS, share)
    (tmp_path / "s/outputs/model").write_text("half")
    bring_home(a_store(), tmp_path / "runs", TASKS, share, before=early)
    assert (tmp_path / "runs/outputs/model").read_text() == "half"


def _unreadable(monkeypatch: pytest.MonkeyPatch, bad: set[str]) -> None:
    """What is read as one of `bad` gives an error of its disk."""
    read = copying._read

    def faulty(source: BinaryIO, most: int) -> bytes:
        found = read(source, most)
        if found.decode() in bad:
            raise copying.Unread(errno.EIO, "Input/output error")
        return found

    monkeypatch.setattr(copying, "_read", faulty)


def test_a_file_of_a_disk_that_cannot_be_read_costs_no_other_its_way_and_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk/outputs").mkdir(parents=True)
    for name in ("a", "bad", "c"):
        (tmp_path / "disk/outputs" / name).write_text(name)
    _unreadable(monkeypatch, {"bad"})
    home = bring_home(a_store(), tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "disk"),))
    assert files(tmp_path / "runs/outputs") == ["a", "c"]
    assert home.keeps
    assert home.lines()[-1].startswith(
        "not collected: 1 file: outputs/bad: outputs/bad: it cannot be read: Input/output"
    )


def test_what_a_disk_did_not_give_is_missing_when_that_disk_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk/outputs").mkdir(parents=True)
    for name in ("bad", "good"):
        (tmp_path / "disk/outputs" / name).write_text(name)
    os.mkfifo(tmp_path / "disk/outputs/pipe")
    _unreadable(monkeypatch, {"bad"})
    early = bring_home(a_store(), tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "disk"),))
    late = bring_home(a_store(), tmp_path / "runs", TASKS, None, before=early)
    again = bring_home(a_store(), tmp_path / "runs", TASKS, None, before=late)
    for home in (early, late, again):
        assert home.missing is not None and home.missing.first == ("outputs/bad",) and home.keeps
        assert home.notes == ("outputs/pipe is a pipe",)


CAME_AFTER_ALL: dict[str, dict[str, Any]] = {
    "the store has it at the next look": {
        "key": layout.output_key("outputs", "bad"),
        "collected": {"files": 1, "failed": {"x": "y"}},
    },
    "the nodes say that they had collected all": {"collected": {"files": 1}},
    "its disk is read once more": {"disk": True},
}


@pytest.mark.parametrize("sentence", CAME_AFTER_ALL)
def test_what_a_disk_did_not_give_counts_no_longer_where(
    sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CAME_AFTER_ALL[sentence]
    (tmp_path / "disk/outputs").mkdir(parents=True)
    (tmp_path / "disk/outputs/bad").write_text("bad")
    disks, bad = (OutputTree(tmp_path / "disk"),), {"bad"}
    _unreadable(monkeypatch, bad)
    early = bring_home(a_store(), tmp_path / "runs", TASKS, None, disks=disks)
    bad.clear()
    store = a_store(*[case["key"]] if "key" in case else [], collected=case.get("collected"))
    late = bring_home(store, tmp_path / "runs", TASKS, None, disks=disks if "disk" in case else (), before=early)
    assert late.missing is None or "outputs/bad" not in late.missing.first


GOES = {"a file": ("outputs/temporary", "outputs/temporary"), "a folder": ("outputs/sub/file", "outputs/sub")}


@pytest.mark.parametrize(("made", "goes"), GOES.values(), ids=GOES.keys())
def test_what_a_node_cleared_up_while_its_disk_was_read_is_not_missing(
    made: str, goes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk" / made).parent.mkdir(parents=True)
    for name in (made, "outputs/a"):
        (tmp_path / "disk" / name).write_text(name)
    read = copying._read

    def clearing(source: BinaryIO, most: int) -> bytes:
        if (tmp_path / "disk" / goes).exists():
            (tmp_path / "disk" / goes).rename(tmp_path / "gone")
        return read(source, most)

    monkeypatch.setattr(copying, "_read", clearing)
    home = bring_home(a_store(), tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "disk"),))
    assert files(tmp_path / "runs/outputs") == ["a"]
    assert home.missing is None and not home.keeps


def test_what_does_not_fit_here_is_said_to_lie_where_it_does(tmp_path: Path) -> None:
    (tmp_path / "s/outputs").mkdir(parents=True)
    (tmp_path / "s/outputs/model").write_text("m")
    (tmp_path / "runs/outputs/model").mkdir(parents=True)
    share = (tmp_path / "s").as_uri()
    for where, told in ((share, f"still in the share {share}"), (None, "a folder of that name is there;")):
        disks = () if where else (OutputTree(tmp_path / "s"),)
        home = bring_home(a_store(), tmp_path / "runs", TASKS, where, disks=disks)
        assert home.keeps and told in home.lines()[-1]


FAILS_AT = {
    "the list of the logs": ("list", layout.LOGS),
    "a log": ("get", layout.LOGS),
    "what the nodes told": ("get", layout.COLLECTED),
    "the list of the outputs": ("list", layout.OUTPUTS),
    "an output": ("get", layout.OUTPUTS),
}


@pytest.mark.parametrize("sentence", FAILS_AT)
def test_a_store_that_does_not_answer_keeps_no_disk_from_being_read(sentence: str, tmp_path: Path) -> None:
    (tmp_path / "disk/outputs").mkdir(parents=True)
    (tmp_path / "disk/outputs/model").write_text("m")
    at, below = FAILS_AT[sentence]

    def away(verb: str, key: str) -> None:
        if verb == at and key.startswith(below):
            raise OSError("the store is away")

    store = MemoryStore(away)
    said = {"files": 1, "failed": {"outputs/model": "no space"}}
    store.objects = a_store(layout.output_key("outputs", "a"), collected=said).objects
    with pytest.raises(OSError, match="away"):
        bring_home(store, tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "disk"),))
    assert files(tmp_path / "runs/outputs") == ["model"]


def test_what_a_node_listed_after_its_disk_was_read_is_missing_by_name(tmp_path: Path) -> None:
    (tmp_path / "disk/outputs").mkdir(parents=True)
    early = bring_home(a_store(), tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "disk"),))
    listed = {"files": 1, "bytes": 5, "names": {layout.output_key("outputs", "late"): 5}}
    home = bring_home(a_store(collecting=listed), tmp_path / "runs", TASKS, None, before=early)
    assert home.keeps and home.missing is not None and home.missing.first == ("outputs/late",)


def test_a_name_with_a_colon_hides_no_loss(tmp_path: Path) -> None:
    """What the reason of one file looks like is the name of another that came."""
    said = {"files": 1, "failed": {"outputs/a: b": "I/O error"}}
    home = bring_home(a_store(layout.output_key("outputs", "a"), collected=said), tmp_path, TASKS, None)
    assert home.missing is not None and home.missing.first == ("outputs/a: b",)


def test_more_failures_than_are_named_are_counted_and_are_no_file(tmp_path: Path) -> None:
    said = {"files": 0, "failed": {"outputs/a": "I/O error"}, "unnamed": 41}
    home = bring_home(a_store(collected=said), tmp_path, TASKS, None)
    assert home.lines() == ["not collected: 42 files: outputs/a, …: I/O error; 0 files came home"]
    home = bring_home(a_store(collected={"files": 0, "unnamed": 41}), tmp_path, TASKS, None)
    assert home.lines() == ["not collected: 41 files: the agent's log says why; 0 files came home"]


@pytest.mark.parametrize("said", [[], 7, "text", {"warnings": 7}, {"warnings": [[]]}, {"files": "many"}, None])
def test_a_collected_json_that_makes_no_sense_breaks_nothing(said: object, tmp_path: Path) -> None:
    store = a_store(layout.output_key("outputs", "model"), collected=said, collecting=said)
    assert bring_home(store, tmp_path, TASKS, None).files == 1


def test_a_full_disk_is_called_so_with_the_file_and_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = a_store(layout.output_key("outputs", "model"), collected={"files": 1})

    def full(key: str, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(store, "get_file", full)
    with pytest.raises(TeardownIncomplete) as raised:
        bring_home(store, tmp_path / "runs/r-1", TASKS, None)
    assert f"{tmp_path}/runs/r-1/outputs/model cannot be written: No space left" in raised.value.message
    assert "tfinfra fetch r-1" in str(raised.value.hint)
    assert (tmp_path / "runs/r-1/tasks/rank-0.log").exists()


def test_a_home_that_is_whole_says_nothing() -> None:
    assert Home(Path(), 3).lines() == []


def test_a_tree_deeper_than_any_path_costs_the_others_nothing(tmp_path: Path) -> None:
    (tmp_path / "s/outputs").mkdir(parents=True)
    (tmp_path / "s/outputs/model").touch()
    here = os.open(tmp_path / "s/outputs", os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        here, above = os.open("d" * 200, os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    home = bring_home(a_store(), tmp_path / "runs", TASKS, (tmp_path / "s").as_uri())
    assert files(tmp_path / "runs/outputs") == ["model"]
    assert "deeper than a path can be" in str(home.missing)


@pytest.mark.parametrize("name", ["run.json", "tasks/rank-0.log", "nodes/agent-0.log", "elsewhere/a"])
def test_an_object_takes_no_place_of_what_tfinfra_itself_writes(name: str, tmp_path: Path) -> None:
    home = bring_home(a_store(f"outputs/{name}", collected={"files": 1}), tmp_path, TASKS, None)
    assert files(tmp_path) == ["tasks/rank-0.log"]
    assert (tmp_path / "tasks/rank-0.log").read_bytes() == b"step 1\n"
    assert home.missing is not None and home.missing.first == (name,)


class _Refusing(MemoryStore):
    """Does not hand out some of its objects, as Blob does with what was archived."""

    def __init__(self, refused: set[str]) -> None:
        super().__init__()
        self.refused = refused

    def get_file(self, key: str, path: Path) -> None:
        if key in self.refused:
            raise GenericError("Server returned non-2xx status code: 409 Conflict: BlobArchived")
        super().get_file(key, path)


def test_one_object_that_the_store_does_not_hand_out_costs_no_other_its_way(tmp_path: Path) -> None:
    keys = [layout.output_key("outputs", f"file-{n}") for n in range(4)]
    store = _Refusing({keys[1]})
    for key in keys:
        store.put(key, b"1")
    home = bring_home(store, tmp_path / "runs", TASKS, None)
    assert files(tmp_path / "runs/outputs") == ["file-0", "file-2", "file-3"]
    assert home.keeps and "file-1" in str(home.missing)


def test_an_object_that_the_store_does_not_hand_out_and_a_disk_does_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "disk/outputs").mkdir(parents=True)
    key = layout.output_key("outputs", "model")
    store = _Refusing({key})
    store.objects = a_store(key, collected={"files": 1, "failed": {"outputs/x": "I/O error"}}).objects
    (tmp_path / "disk/outputs/model").write_text("m")
    (tmp_path / "disk/outputs/x").write_text("x")
    home = bring_home(store, tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "disk"),))
    assert files(tmp_path / "runs/outputs") == ["model", "x"]
    assert home.missing is None and not home.keeps


def test_a_name_that_is_another_one_here_does_not_come_from_a_disk_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Landing, "folds", lambda self: True)
    (tmp_path / "disk/outputs").mkdir(parents=True)
    (tmp_path / "disk/outputs/a").write_text("a")
    keys = [layout.output_key("outputs", name) for name in ("A", "a")]
    store = a_store(*keys, collected={"files": 2, "unnamed": 1})
    home = bring_home(store, tmp_path / "runs", TASKS, None, disks=(OutputTree(tmp_path / "disk"),))
    assert files(tmp_path / "runs/outputs") == ["A"]
    assert home.keeps and home.missing is not None and home.missing.first == ("outputs/a",)


def test_a_store_that_hands_out_nothing_is_said_to_be_one(tmp_path: Path) -> None:
    keys = [layout.output_key("outputs", f"file-{n}") for n in range(20)]
    store = _Refusing(set(keys))
    for key in keys:
        store.put(key, b"1")
    with pytest.raises(GenericError):
        bring_home(store, tmp_path / "runs", TASKS, None)
