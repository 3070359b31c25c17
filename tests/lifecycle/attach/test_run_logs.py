"""A run's logs with their times: of one task or of all, the last lines, out of a store or at home."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clocks import FakeClock
from tests.lifecycle.attach.test_resume import found
from tests.lifecycle.fakes import World, training
from tfinfra.agent.node.log_shipping import LogShipper, ShippedLog
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.run_logs import WantedLogs, log_lines
from tfinfra.lifecycle.end.bring_home import bring_home
from tfinfra.lifecycle.watch import home_log
from tfinfra.lifecycle.watch.home_log import read_log, times_beside
from tfinfra.lifecycle.watch.latest_metric import latest_at_home
from tfinfra.store import MemoryStore, keys, log_chunk, log_chunk_of, log_pieces

TASKS = ("rank-0", "rank-1")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two ranks that wrote by turns: rank-0 at 100, 102 and 104, rank-1 at 101 and 103."""
    world = World(tmp_path)
    training(world.store)
    world.store.put(keys.log_key("rank-0", 0), log_chunk_of([(100.0, b"a0\n"), (102.5, b"c0\nd0\n")]))
    world.store.put(keys.log_key("rank-0", 1), log_chunk_of([(104.0, b"f0\n")]))
    world.store.put(keys.log_key("rank-1", 0), log_chunk_of([(101.0, b"b1\n"), (103.0, b"e1\n")]))
    return world


def run_of(world: World, *, at_home: bool) -> FoundRun:
    """The run while it goes on, or once its logs are home and its store has gone."""
    if not at_home:
        return found(world, plan_tasks=TASKS)
    bring_home(world.store, world.tmp / "elsewhere", TASKS, None)
    return found(world, groups=(), plan_tasks=TASKS, fetched=True)


WANTED = {
    "the leader's": (WantedLogs(), ["a0", "c0", "d0", "f0"]),
    "a task's": (WantedLogs("rank-1"), ["b1", "e1"]),
    "all by their times": (WantedLogs(everybody=True), ["a0", "b1", "c0", "d0", "e1", "f0"]),
    "the last two": (WantedLogs(tail=2), ["d0", "f0"]),
    "the last of all": (WantedLogs(everybody=True, tail=3), ["d0", "e1", "f0"]),
    "none of it": (WantedLogs(tail=0), []),
    "more than there are": (WantedLogs("rank-1", tail=99), ["b1", "e1"]),
}


@pytest.mark.parametrize("at_home", [False, True], ids=["store", "home"])
@pytest.mark.parametrize(("wanted", "texts"), WANTED.values(), ids=WANTED)
def test_the_lines_that_are_wanted(wanted: WantedLogs, texts: list[str], at_home: bool, world: World) -> None:
    lines = list(log_lines(run_of(world, at_home=at_home), wanted))
    assert [line.text for line in lines] == texts
    times = {"a0": 100.0, "b1": 101.0, "c0": 102.5, "d0": 102.5, "e1": 103.0, "f0": 104.0}
    assert [line.time for line in lines] == [times[text] for text in texts]
    assert all(line.task == f"rank-{line.text[1]}" for line in lines)


def test_what_was_fetched_before_there_were_times_has_none(world: World) -> None:
    home = run_of(world, at_home=True)
    for times in (world.tmp / "elsewhere").rglob("*.times"):
        times.unlink()
    lines = list(log_lines(home, WantedLogs(everybody=True)))
    assert [(line.text, line.time) for line in lines][:2] == [("a0", None), ("c0", None)]
    assert len(lines) == 6


SPOILT = {
    "no numbers": "a b\n",
    "beyond the log": "99999 100.00\n",
    "backwards": "6 100.00\n3 99.00\n",
    "no moments": "3 nan\n6 1e300\n",
    "no text": "\udcff",
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_spoilt_times_cost_no_line(spoilt: str, tmp_path: Path) -> None:
    log = tmp_path / "rank-0.log"
    log.write_bytes(b"a0\nc0\nd0\n")
    times_beside(log).write_bytes(spoilt.encode("utf-8", "surrogateescape"))
    assert b"".join(data for _, data in read_log(tmp_path, log.name) or ()) == log.read_bytes()


@pytest.mark.parametrize("text", [b"", b"\n", b"a", b"a\n", b"a\nb", b"a\n\nbc\n", b"one\ntwo\nthree\nfour\n"])
@pytest.mark.parametrize("look_back", [1, 3, 100])
def test_the_last_lines_are_found_from_the_end(
    text: bytes, look_back: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_log, "_LOOK_BACK", look_back)
    log = tmp_path / "rank-0.log"
    log.write_bytes(text)
    times_beside(log).write_text(f"{len(text)} 100.00\n")
    for most in range(5):
        found = b"".join(data for _, data in read_log(tmp_path, log.name, most) or ())
        assert found == b"".join(text.splitlines(keepends=True)[-most:] if most else [])


ODD: dict[str, Callable[[Path, Path], None]] = {
    "a link to a file elsewhere": lambda path, secret: path.symlink_to(secret),
    "a pipe, which would never end": lambda path, _: os.mkfifo(path),
    "a folder": lambda path, _: path.mkdir(),
}


@pytest.mark.parametrize("put", ODD.values(), ids=ODD)
def test_what_is_no_plain_file_at_home_is_no_log_and_no_metric(world: World, put: Callable[[Path, Path], None]) -> None:
    """Outputs may be copied, shared, or filled by others' scripts: who looks at them is shown nothing else."""
    run, home = run_of(world, at_home=True), world.tmp / "elsewhere"
    assert run.record is not None
    run = replace(run, record=replace(run.record, results=str(home)))
    (home / "metrics").mkdir(exist_ok=True)
    secret = world.tmp / "secret"
    secret.write_text('{"name": "loss", "value": 0.5, "step": 3, "time": 1.0}\n')
    for path in (home / "tasks/rank-0.log", home / "tasks/rank-1.times", home / "metrics/rank-0.jsonl"):
        path.unlink(missing_ok=True)
        put(path, secret)
    assert list(log_lines(run, WantedLogs("rank-0"))) == []
    assert [(line.text, line.time) for line in log_lines(run, WantedLogs("rank-1"))] == [("b1", None), ("e1", None)]
    assert latest_at_home(home, "rank-0", None) is None


def test_a_task_that_is_none_is_named(world: World) -> None:
    with pytest.raises(UsageError, match="there is no log of 'rank-9'"):
        list(log_lines(run_of(world, at_home=False), WantedLogs("rank-9")))


@pytest.mark.parametrize("at_home", [False, True], ids=["store", "home"])
def test_a_task_that_printed_nothing_has_an_empty_log(world: World, at_home: bool) -> None:
    run = run_of(world, at_home=at_home)
    assert run.record is not None
    silent = replace(run, record=replace(run.record, plan_tasks=(*TASKS, "rank-2")))
    assert list(log_lines(silent, WantedLogs("rank-2"))) == []


def test_a_followed_log_begins_with_its_last_lines(world: World) -> None:
    world.store.put(keys.OUTCOME, b'{"result": "succeeded", "message": "", "ended": 5.0}')
    world.store.put(keys.COLLECTED, b'{"files": 0}')
    run = run_of(world, at_home=False)
    assert [line.text for line in log_lines(run, WantedLogs(follow=True, tail=1))] == ["f0"]


def test_a_nodes_times_are_those_of_its_looks_not_of_its_puts(tmp_path: Path) -> None:
    log, store, now = tmp_path / "rank-0.log", MemoryStore(), [100.0]
    tail = ShippedLog("rank-0", log, lambda: now[0])
    for number in range(3):
        with log.open("ab") as file:
            file.write(f"line {number}\n".encode())
        tail.look()
        now[0] += 0.4
    assert store.objects == {}
    tail.ship(store)
    assert log_pieces(store, keys.log_key("rank-0", 0)) == [
        (100.0, b"line 0\n"),
        (100.4, b"line 1\n"),
        (100.8, b"line 2\n"),
    ]


def test_a_store_that_does_not_answer_fills_no_memory(tmp_path: Path) -> None:
    def fault(verb: str, key: str) -> None:
        raise OSError("no route")

    log, store = tmp_path / "rank-0.log", MemoryStore(fault)
    log.write_bytes(b"x" * 99 + b"\n")
    tail = ShippedLog("rank-0", log)
    with log.open("ab") as file:
        for _ in range(100):
            file.write((b"x" * 99 + b"\n") * 1000)
            file.flush()
            tail.look()
            with pytest.raises(OSError, match="no route"):
                tail.ship(store)
    assert sum(len(data) for _, data in tail.waiting) <= 3 << 20


FORGED = {
    "at its begin": b"\x1b_tfinfra 3:1.00\x1b\\abc\n",
    "a title": b"\x1b]0;title\x07\n",
    "of a chunk that is cut": b"\x1b_tfinfra 3:",
}


@pytest.mark.parametrize("written", FORGED.values(), ids=FORGED)
def test_what_looks_like_times_in_a_script_is_its_text(written: bytes) -> None:
    store = MemoryStore()
    store.put("logs/rank-0/00000000.log", log_chunk_of([(100.0, written)]))
    assert log_chunk(store, "logs/rank-0/00000000.log") == written
    assert log_pieces(store, "logs/rank-0/00000000.log") == [(100.0, written)]


def test_a_nodes_clock_gives_the_times(tmp_path: Path) -> None:
    clock, store = FakeClock(), MemoryStore()
    shipper = LogShipper(store, clock, free=True)
    (tmp_path / "rank-0.log").write_bytes(b"one\ntwo")
    shipper.add("rank-0", tmp_path / "rank-0.log")
    shipper.stop()
    found = [piece for key in sorted(store.objects) for piece in log_pieces(store, key) or []]
    assert found == [(clock.time(), b"one\n"), (clock.time(), b"two\n")]
