"""A run's points on their way to another MLflow while it trains: all come, and a server that does not take them costs
nothing but a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.test_own_faults import PLAN, assignment_in, context_of
from tests.tracking.playing_server import Played, playing
from tfinfra.agent.assignment import Assignment, Gathered
from tfinfra.agent.end import forwarding
from tfinfra.agent.end.forwarding import Forwarding
from tfinfra.agent.node.node_records import read, write
from tfinfra.errors import Result
from tfinfra.model import Forwarded, MetricsWanted, Outcome, Point
from tfinfra.store import MemoryStore, chunk_of, keys

TASK = PLAN.tasks[0].name


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setattr(forwarding, "EVERY", 0.01)
    with playing() as played:
        yield played


def sending_to(server: Played, folder: Path, store: MemoryStore, node: int = 0) -> Forwarding:
    plan = replace(PLAN, metrics=MetricsWanted(tracking_uri=server.url, token="TEAM"))
    given = Gathered(secrets={"TEAM": "s3cret"})
    assignment: Assignment = replace(assignment_in(folder), plan=plan, given=given, node=node)
    return Forwarding(context_of(folder, store), assignment)


def put(store: MemoryStore, number: int, task: str = TASK) -> None:
    store.put(keys.metrics_key(task, number), chunk_of([Point(task, "loss", float(number), number, 1000.0)]))


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.005)


def test_points_come_while_the_run_goes_on_and_the_last_at_its_end(server: Played, tmp_path: Path) -> None:
    store = MemoryStore()
    sending = sending_to(server, tmp_path, store)
    sending.start()
    put(store, 0)
    until(server.metrics)
    assert server.metrics() == [("loss", 0.0, 0)]
    put(store, 1)
    put(store, 0, "node-0")
    write(store, keys.OUTCOME, Outcome(Result.SUCCEEDED, "done", ended=1.0))
    sending.finish()
    assert sorted(server.metrics()) == [("loss", 0.0, 0), ("loss", 1.0, 1), ("system/node-0/loss", 0.0, 0)]
    assert server.calls[-1][1]["status"] == "FINISHED"
    assert {token for _, _, token in server.calls} == {"Bearer s3cret"}
    assert read(store, keys.FORWARDED, Forwarded) == Forwarded(server.url, 3, None, ended=True)


def test_a_server_that_was_away_gets_all_once_it_is_back(server: Played, tmp_path: Path) -> None:
    store = MemoryStore()
    server.answer = (503, b"", {})
    put(store, 0)
    sending = sending_to(server, tmp_path, store)
    sending.start()
    until(lambda: read(store, keys.FORWARDED, Forwarded))
    told = read(store, keys.FORWARDED, Forwarded)
    assert told is not None and told.problem is not None and "503" in told.problem
    server.answer = None
    sending.finish()
    assert server.metrics() == [("loss", 0.0, 0)]
    assert read(store, keys.FORWARDED, Forwarded) == Forwarded(server.url, 1, None, ended=True)


def test_a_server_that_refuses_is_asked_no_more_and_the_end_waits_for_nothing(server: Played, tmp_path: Path) -> None:
    store = MemoryStore()
    server.answer = (401, b'{"message": "who are you"}', {})
    put(store, 0)
    sending = sending_to(server, tmp_path, store)
    sending.start()
    until(lambda: read(store, keys.FORWARDED, Forwarded))
    calls = len(server.calls)
    sending.finish()
    assert len(server.calls) == calls == 1
    told = read(store, keys.FORWARDED, Forwarded)
    assert told is not None and told.problem == "it answered 401: who are you"


def test_a_server_too_slow_for_the_last_points_is_told_and_asked_no_more(
    server: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "AT_THE_END", 0.1)
    store = MemoryStore()
    server.seconds = 0.05
    for number in range(20):
        put(store, number)
    sending = sending_to(server, tmp_path, store)
    sending.start()
    sending.finish()
    told = read(store, keys.FORWARDED, Forwarded)
    assert told is not None and told.problem == "it had not taken all of them when the run ended" and not told.ended
    until(lambda: not sending_thread_lives())
    sending.finish()
    assert len(server.metrics()) < 20 and read(store, keys.FORWARDED, Forwarded) == told


def test_what_a_server_has_taken_of_a_chunk_is_not_sent_anew(server: Played, tmp_path: Path) -> None:
    store = MemoryStore()
    server.first["runs/log-batch"] = [None, (503, b"", {})]
    points = [Point(TASK, "loss", 0.5, step, 1000.0, run) for step, run in enumerate(("", "ab12"))]
    store.put(keys.metrics_key(TASK, 0), chunk_of(points))
    sending = sending_to(server, tmp_path, store)
    sending.start()
    until(lambda: len(server.metrics()) == 3)
    sending.finish()
    assert [step for _, _, step in server.metrics()] == [0, 1, 1]
    assert read(store, keys.FORWARDED, Forwarded) == Forwarded(server.url, 2, None, ended=True)


def sending_thread_lives() -> bool:
    return any(thread.name == "forwarding" for thread in threading.enumerate())


def test_other_nodes_send_nothing(server: Played, tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, 0)
    sending = sending_to(server, tmp_path, store, node=1)
    sending.start()
    sending.finish()
    assert server.calls == []
