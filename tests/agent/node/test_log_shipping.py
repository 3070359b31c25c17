"""From a log file to chunks in the store: whole lines, none lost, redrawn ones in their last state."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import FakeClock
from tfinfra.agent.node.log_shipping import CHUNK, POINTS, SELDOM, Audience, LogShipper, ShippedLog
from tfinfra.lifecycle.watch.log_reader import LogReader
from tfinfra.model import Point, Remark
from tfinfra.store import MemoryStore, chunk_of, log_chunk, logged_in, points_in
from tfinfra.text.masking import needles

POINT = b'{"name":"%s","value":0.5,"step":1,"time":2.0}\n'


def shipped(store: MemoryStore) -> bytes:
    return b"".join(log_chunk(store, key) or b"" for key in sorted(store.objects))


def test_a_million_lines_arrive_in_order_in_bounded_chunks(tmp_path: Path) -> None:
    log, store = tmp_path / "main-0.log", MemoryStore()
    log.write_bytes(b"".join(b"line %d\n" % i for i in range(1_000_000)))
    ShippedLog("main-0", log).ship(store, final=True)
    assert shipped(store) == log.read_bytes()
    assert all(len(chunk) <= CHUNK + 100 for chunk in store.objects.values())


def test_points_are_shipped_as_they_are_without_what_is_hidden(tmp_path: Path) -> None:
    points, store = tmp_path / "main-0.jsonl", MemoryStore()
    points.write_bytes(POINT % b"loss" + POINT % b"s3cr3t-word" + b"s3cr3t-word\n" + POINT[:4])
    tail = ShippedLog("main-0", points, form=POINTS)
    tail.ship(store, hidden=needles(["s3cr3t-word"]))
    chunk = store.objects["metrics/main-0/00000000.jsonl"]
    assert chunk == POINT % b"loss" + POINT % b"***" + b"{}\n"
    points.write_bytes(points.read_bytes() + POINT[4:] % b"last")
    tail.ship(store, final=True)
    assert store.objects["metrics/main-0/00000001.jsonl"] == POINT % b"last"


HIDDEN = {
    "one that JSON escapes": ('pa"ss\\wörd', 'acc pa"ss\\wörd', "acc ***"),
    "one of digits, as in the step, the value and the time": ("2026", "loss", "loss"),
    "one that is a field's name": ("value", "loss", "loss"),
    "one of a single wide letter, in a name of them alone": ("😀", "😀" * 250, ("***" * 250)[:250]),
}


@pytest.mark.parametrize(("secret", "name", "shown"), HIDDEN.values(), ids=HIDDEN.keys())
def test_a_hidden_value_leaves_the_name_and_takes_no_point(secret: str, name: str, shown: str, tmp_path: Path) -> None:
    points, store = tmp_path / "main-0.jsonl", MemoryStore()
    point = Point("main-0", name, 0.2026, 2026, 2026.5)
    points.write_bytes(chunk_of([point]))
    ShippedLog("main-0", points, form=POINTS).ship(store, hidden=needles([secret]))
    assert points_in("main-0", store.objects["metrics/main-0/00000000.jsonl"]) == ([replace(point, name=shown)], 0)


def test_a_hidden_value_leaves_the_text_of_a_parameter_too(tmp_path: Path) -> None:
    points, store = tmp_path / "main-0.jsonl", MemoryStore()
    remark = Remark("main-0", "parameter", "token", 'the "tökén"\n is\ttökén', 2026.5)
    points.write_bytes(chunk_of([remark]))
    ShippedLog("main-0", points, form=POINTS).ship(store, hidden=needles(["tökén"]))
    shown = replace(remark, text='the "***"\n is\t***')
    assert logged_in("main-0", store.objects["metrics/main-0/00000000.jsonl"]) == ([shown], 0)


def test_what_is_hidden_later_is_hidden_too(tmp_path: Path) -> None:
    store, log = MemoryStore(), tmp_path / "main-0.log"
    shipper = LogShipper(store, FakeClock(), free=True)
    shipper.add("main-0", log)
    for secret in ("first-word", "first-word-and-more", "token"):
        shipper.hide(needles([secret]))
    log.write_bytes(b"first-word first-word-and-more token\n")
    shipper.finish_all()
    assert shipped(store) == b"*** *** ***\n"


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    log, store = tmp_path / "main-0.log", MemoryStore()
    tail = ShippedLog("main-0", log)
    tail.ship(store)
    log.write_bytes(b"one\ntw")
    tail.ship(store)
    assert shipped(store) == b"one\n"
    log.write_bytes(b"one\ntwo")
    tail.ship(store)
    tail.ship(store, final=True)
    assert shipped(store) == b"one\ntwo\n"


def test_a_line_without_end_does_not_grow_in_memory(tmp_path: Path) -> None:
    log, store = tmp_path / "main-0.log", MemoryStore()
    log.write_bytes(b"x" * (3 * CHUNK))
    tail = ShippedLog("main-0", log)
    tail.ship(store)
    assert len(tail.rest) <= 1 << 16
    assert shipped(store) == log.read_bytes()


def test_what_could_not_be_put_is_put_by_the_next_round(tmp_path: Path) -> None:
    fail = [True]

    def fault(verb: str, key: str) -> None:
        if verb == "put" and fail:
            fail.pop()
            raise OSError("no route")

    log, store = tmp_path / "main-0.log", MemoryStore(fault)
    log.write_bytes(b"one\n")
    tail = ShippedLog("main-0", log)
    with pytest.raises(OSError, match="no route"):
        tail.ship(store)
    tail.ship(store)
    assert shipped(store) == b"one\n"


class LostAnswers(MemoryStore):
    """A store that sometimes fails: before it writes, or after."""

    moment = ""

    def put(self, key: str, data: bytes) -> None:
        if self.moment == "refused":
            raise OSError("no route")
        super().put(key, data)
        if self.moment == "answer lost":
            raise OSError("connection reset")


@example(["write", "answer lost", "read", "write", "look"])
@given(st.lists(st.sampled_from(["write", "look", "ship", "refused", "answer lost", "read"]), max_size=30))
def test_who_follows_a_log_sees_each_line_once_whichever_answers_are_lost(moments: list[str]) -> None:
    store, written, seen = LostAnswers(), list[str](), list[str]()
    reader = LogReader(store, "main-0")
    with TemporaryDirectory() as folder:
        path = Path(folder, "main-0.log")
        log = ShippedLog("main-0", path)
        for moment in [*moments, "ship", "read"]:
            store.moment = moment
            if moment == "write":
                written.append(f"line {len(written)}")
                path.write_text("".join(f"{line}\n" for line in written), "utf-8")
            elif moment == "look":
                log.look()
            elif moment == "read":
                seen += [line.text for line in reader.new()]
            else:
                with suppress(OSError):
                    log.ship(store)
    assert seen == written


@pytest.mark.parametrize(("watched", "chunks"), [(False, (6, 2)), (True, (12, 12))], ids=["unwatched", "watched"])
def test_what_is_of_use_afterwards_alone_makes_few_objects(
    tmp_path: Path, watched: bool, chunks: tuple[int, int]
) -> None:
    clock, store = FakeClock(), MemoryStore()
    shipper = LogShipper(store, clock, free=False)
    shipper.add_points("main-0", tmp_path / "main-0")
    shipper.add_points("node-0", tmp_path / "node-0", SELDOM)
    for second in range(0, 120, 10):
        for name in ("main-0", "node-0"):
            with (tmp_path / name).open("a") as points:
                points.write(f"{second}\n")
        if watched:
            store.put("control/watch.json", b'{"time": %d}' % second)
        shipper.go_round()
        clock.sleep(10)
    assert tuple(len(store.list(f"metrics/{name}")) for name in ("main-0", "node-0")) == chunks
    shipper.stop()
    whole = b"".join(store.objects[key] for key in store.list("metrics/node-0"))
    assert whole == (tmp_path / "node-0").read_bytes()


def test_what_another_run_on_the_node_hides_is_in_no_log_from_then_on(tmp_path: Path) -> None:
    stores = MemoryStore(), MemoryStore()
    first = LogShipper(stores[0], FakeClock(), free=True)
    first.hide(needles(["first-s3cret"]))
    second = LogShipper(stores[1], FakeClock(), free=True, beside=first)
    second.hide(needles(["second-s3cret-and-more", "second-s3cret"]))
    for number, shipper in enumerate((first, second)):
        log = tmp_path / f"{number}.log"
        log.write_text("first-s3cret second-s3cret-and-more second-s3cret\n")
        shipper.add("exec", log)
        shipper.finish_all()
        assert shipped(stores[number]) == b"*** *** ***\n"


def test_a_watcher_counts_for_20_seconds_whatever_its_own_clock_says() -> None:
    clock, store = FakeClock(), MemoryStore()
    audience = Audience(store, clock)
    assert not audience.is_watching()
    for beat in (b'{"time": 5}', b'{"time": 7}'):
        store.put("control/watch.json", beat)
        clock.sleep(15)
        assert audience.is_watching()
    clock.sleep(30)
    assert not audience.is_watching()
