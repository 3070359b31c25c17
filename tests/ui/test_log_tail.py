"""A log that grows in a run's store, then lies at home, as pages ask for it."""

from __future__ import annotations

from pathlib import Path

from tests.lifecycle.attach.test_resume import found
from tests.lifecycle.fakes import World
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.store import MemoryStore, keys
from tfinfra.ui import log_tail
from tfinfra.ui.log_tail import CHARACTERS, LINES, LogTail

TASK = "rank-0"


def write(store: MemoryStore, number: int, text: str) -> None:
    store.put(keys.log_key(TASK, number), text.encode())


def test_a_page_gets_each_line_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    run, tail = found(world), LogTail(TASK)
    write(world.store, 0, "one\ntwo\nthr")
    tail.read(run)
    first = tail.after("")
    assert (first.lines, first.anew) == (("one", "two"), True)
    write(world.store, 1, "ee\nfour\x1b[31m \u202e<script>\n")
    tail.read(run)
    second = tail.after(first.next)
    assert (second.lines, second.anew) == (("three", "four \\u202e<script>"), False)
    assert tail.after(second.next).lines == ()
    for cursor in ("nonsense", "x.99", f"{first.next}9", "-1", first.next.replace(".", ".-")):
        assert tail.after(cursor).anew, cursor


def test_what_is_kept_has_a_bound(tmp_path: Path) -> None:
    world = World(tmp_path)
    run, tail = found(world), LogTail(TASK)
    write(world.store, 0, "begin\n")
    tail.read(run)
    fallen_behind = tail.after("").next
    for number in range(1, 12):
        write(world.store, number, "".join(f"{number} {line}\n" for line in range(500)))
    tail.read(run)
    kept = tail.after(fallen_behind)
    assert (len(kept.lines), kept.lines[-1], kept.anew) == (LINES, "11 499", True)
    for number in range(12, 52):
        write(world.store, number, "x" * 60_000 + "\n")
    tail.read(run)
    assert sum(map(len, tail.after("").lines)) <= CHARACTERS


def test_a_log_that_has_come_home_takes_the_place_of_the_one_that_was_followed(tmp_path: Path) -> None:
    world = World(tmp_path)
    run, tail = found(world), LogTail(TASK)
    write(world.store, 0, "one\ntwo\nunfinished")
    tail.read(run)
    cursor = tail.after("").next
    results = tmp_path / "home"
    (results / "tasks").mkdir(parents=True)
    (results / "tasks" / f"{TASK}.log").write_text("one\ntwo\nunfinished line, and its end\n")
    record = run.folder.update(results=str(results), fetched=True)
    tail.read(FoundRun(run.run, run.folder, record, run.reach, (), None, None))
    assert tail.after(cursor) == log_tail.NewLines(
        ("one", "two", "unfinished line, and its end"), tail.after("").next, anew=True
    )
