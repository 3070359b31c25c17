"""The page beside a run's outputs: it is there however the run ended, and nothing that lies there leads it astray."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.attach.test_resume import found
from tests.lifecycle.fakes import Nodes, World, failing, succeeding, training
from tests.lifecycle.runs import record_of
from tfinfra.errors import Cancelled, LimitReached
from tfinfra.lifecycle.attach import attached_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.end.bring_home import bring_home
from tfinfra.lifecycle.pages.found_page import found_page
from tfinfra.model import Point
from tfinfra.store import chunk_of, keys, log_chunk_of

RUN, TASKS = "digits-abc123", ("rank-0", "rank-1")
POINTS = [Point("rank-0", "<script>x</script>", 0.5, step, 100.0 + step) for step in range(3)]


def shown(results: Path) -> str:
    return (results / "report.html").read_text("utf-8")


def raising(error: Exception) -> Callable[[World], None]:
    def play(world: World) -> None:
        def up(part: str, config: Any) -> dict[str, Any]:
            raise error

        world.up = up  # type: ignore[method-assign]

    return play


def nothing(world: World) -> None:
    """All goes well."""


ENDS: dict[str, tuple[Nodes, Callable[[World], None], str]] = {
    "success": (succeeding, nothing, "Succeeded"),
    "a training that fails": (failing, nothing, "Failed"),
    "a limit": (succeeding, raising(LimitReached("limits.max_run_duration")), "Ended at a limit"),
    "Ctrl-C": (succeeding, raising(Cancelled("interrupted")), "Cancelled"),
    "an error": (succeeding, raising(OSError("the disk is on fire")), "Ended by an error"),
}


@pytest.mark.parametrize(("nodes", "play", "word"), ENDS.values(), ids=ENDS)
def test_however_a_run_ends_it_leaves_a_page(
    nodes: Nodes, play: Callable[[World], None], word: str, tmp_path: Path
) -> None:
    world = World(tmp_path, nodes)
    play(world)
    try:
        world.new_run().go()
    except OSError:
        assert word == "Ended by an error"
    text = shown(tmp_path / "runs" / RUN)
    assert f"<strong>{word}</strong>" in text
    assert "Verified gone at" in text


def test_a_page_that_cannot_be_written_is_complained_of_and_nothing_else_changes(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "runs" / RUN / "report.html").mkdir(parents=True)
    result = world.new_run().go()
    assert result.error is None
    assert record_of(world).phase == "deleted"
    assert "report.html cannot be written" in "\n".join(world.observer.lines)


def test_fetching_writes_it_too(tmp_path: Path) -> None:
    world = World(tmp_path)
    failing(world.store)
    attached_run.fetch(found(world), tmp_path / "runs", lambda text: None)
    assert "<strong>Failed</strong>" in shown(tmp_path / "runs" / RUN)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two ranks, one of which has logged."""
    world = World(tmp_path)
    training(world.store)
    world.store.put(keys.metrics_key("rank-0", 0), chunk_of(POINTS))
    world.store.put(keys.metrics_key("node-0", 0), chunk_of([Point("node-0", "cpu_percent", 50.0, 0, 100.0)]))
    world.store.put(keys.log_key("rank-1", 0), log_chunk_of([(100.0, b"".join(b"line %d\n" % i for i in range(500)))]))
    return world


def at_home(world: World) -> FoundRun:
    bring_home(world.store, world.tmp / "elsewhere", TASKS, None)
    return found(world, groups=(), plan_tasks=TASKS, fetched=True)


@pytest.mark.parametrize("home", [False, True], ids=["store", "home"])
def test_points_and_last_lines_are_those_of_the_store_and_then_those_at_home(home: bool, world: World) -> None:
    page = found_page(at_home(world) if home else found(world, plan_tasks=TASKS))
    assert [(curve.name, curve.task, curve.count, curve.last) for curve in page.curves] == [
        ("<script>x</script>", "rank-0", 3, 0.5)
    ]
    assert [curve.task for curve in page.figures] == ["node-0"]
    (log,) = (log for log in page.logs if log.name == "rank-1")
    assert log.lines == tuple(f"line {i}" for i in range(300, 500))
    assert not log.whole


def replaced(name: str) -> Callable[[Path, Path], None]:
    """Puts a link to the secret in the place of a file."""

    def play(home: Path, secret: Path) -> None:
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).unlink(missing_ok=True)
        (home / name).symlink_to(secret)

    return play


def a_pipe(home: Path, secret: Path) -> None:
    (home / "tasks/rank-1.log").unlink()
    os.mkfifo(home / "tasks/rank-1.log")


def a_linked_folder(home: Path, secret: Path) -> None:
    (home / "tasks").rename(home / "was")
    (home / "tasks").symlink_to(secret.parent)


def no_json(home: Path, secret: Path) -> None:
    (home / "audit").mkdir()
    (home / "audit/bom.cdx.json").write_bytes(b"[" * 200_000)


ODD: dict[str, Callable[[Path, Path], None]] = {
    "a log that is a link": replaced("tasks/rank-1.log"),
    "points that are a link": replaced("metrics/rank-1.jsonl"),
    "a log that is a pipe": a_pipe,
    "a folder that is a link": a_linked_folder,
    "evidence that is a link": replaced("audit/bom.cdx.json"),
    "evidence that is no JSON": no_json,
    "outputs that lead out": replaced("outputs/leak"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_is_strange_beside_the_outputs_is_left_out(
    odd: Callable[[Path, Path], None], world: World, tmp_path: Path
) -> None:
    run = at_home(world)
    (tmp_path / "aside").mkdir()
    secret = tmp_path / "aside/rank-1.log"
    secret.write_text('the secret {"name":"secret","value":1,"step":0,"time":0}\n')
    odd(tmp_path / "elsewhere", secret)
    assert "secret" not in re.sub("secrets", "", str(found_page(run)))


def test_a_page_for_which_the_patience_ended_before_the_first_point_says_so(world: World) -> None:
    told = "There is more than could be read"
    run = at_home(world)
    assert told in found_page(run, reading=-1.0).unread_points
    assert not found_page(run, reading=60.0).unread_points
