"""A tune whose store, disk or nodes let it down amid its search."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.lifecycle.runs import COMPUTE
from tests.lifecycle.tuning.fake_pool import Life
from tests.lifecycle.tuning.tuned_world import TunedWorld, hurried, parameters_of, rising
from tfinfra.errors import Cancelled
from tfinfra.lifecycle.end import trials_home
from tfinfra.lifecycle.record.run_record import RunFolder, run_folder, trial_records
from tfinfra.lifecycle.tuning.asking import ANEW, AskedTrial
from tfinfra.model.requests import Answer, Request
from tfinfra.store import MemoryStore, keys

__all__ = ["hurried"]
TUNE = "digits-abc123"
ALL = [f"{TUNE}-t{n:05d}" for n in range(1, 6)]


def test_a_client_without_a_way_to_the_store_loses_no_node(tmp_path: Path) -> None:
    """For longer than a living node may be silent, and shorter than a run's client has patience."""
    world = TunedWorld(tmp_path)
    world.step = 0.02
    away: list[float] = []

    def fail(verb: str, key: str) -> None:
        if threading.current_thread() is threading.main_thread() and world.pools and len(world.pool.lived) >= 2:
            away[:] = away or [world.now]
            if world.now < away[0] + 30:
                raise OSError("no way to the store")

    world.store = MemoryStore(fail)
    result = world.search()
    assert result.error is None
    assert away
    assert not world.said("is lost")
    assert sorted(world.pool.lived) == ALL


def opened(world: TunedWorld, times: float) -> None:
    """The second trial's folder cannot be opened so many times by the search."""
    ports, left = world.ports, [times]

    def open_store(url: str) -> MemoryStore:
        if url.endswith("t00002") and left[0] and threading.current_thread() is threading.main_thread():
            left[0] -= 1
            raise OSError(errno.ELOOP, "is a link")
        return world.store_at(url)

    world.ports = lambda: replace(ports(), open_store=open_store)  # type: ignore[method-assign]


def full_disk(world: TunedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second trial's record cannot be written on this machine."""
    write = RunFolder.write

    def fail(self: RunFolder, record: Any) -> None:
        if self.path.name.endswith("t00002"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, record)

    monkeypatch.setattr(RunFolder, "write", fail)


TROUBLE: dict[str, Callable[[TunedWorld, pytest.MonkeyPatch], None]] = {
    "its folder in the store cannot be opened at first": lambda world, _: opened(world, 3),
    "its record cannot be written": full_disk,
}


@pytest.mark.parametrize("case", TROUBLE)
def test_a_trial_that_cannot_begin_in_order_takes_no_slot_for_good(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = TunedWorld(tmp_path)
    TROUBLE[case](world, monkeypatch)
    result = world.search()
    assert result.error is None
    assert result.record.message == "trial 5 is the best of 5: val_acc 4"
    assert sorted(world.pool.lived) == ALL


def test_a_trial_that_can_never_begin_ends_the_tune_with_the_reason(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.step = 0.1
    opened(world, float("inf"))
    result = world.search()
    assert result.record.exit_code == 6
    assert "the store of the trials has not answered for 120 s: [Errno 40] is a link" in result.record.message
    assert world.groups == {}


def test_nodes_that_take_no_request_end_the_tune_with_what_their_agent_says(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.step = 0.05
    world.on_boot = lambda pool: pool.mute.update({0, 1})
    log = b"2026-12-01T16:00:00Z INFO the node is there\n2026-12-01T16:00:01Z WARNING 1.json: do the clocks agree?\n"
    for node in (0, 1):
        world.store.put(keys.log_key(keys.agent_log(node), 0), log)
    result = world.search()
    assert result.record.exit_code == 6
    why = "it answers nothing that it is asked; the last warning of its agent: 1.json: do the clocks agree?"
    assert result.record.message == f"the nodes take no trial: {why}"
    assert len(world.said("waiting for node 0 to take digits-abc123-t00001, asked anew for 3 min at most")) == 1
    assert world.groups == {}


def test_one_node_that_takes_no_request_leaves_the_search_to_the_others(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.step = 0.05
    world.on_boot = lambda pool: pool.mute.add(1)
    result = world.search()
    assert result.error is None
    assert result.record.message == "trial 5 is the best of 6: val_acc 4"
    assert world.said("node 1 is lost: 1 trial at a time from now on: it answers nothing that it is asked")


def test_one_node_that_refuses_each_trial_leaves_the_search_to_the_others(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.on_boot = lambda pool: pool.deaf.add(1)
    result = world.search()
    assert result.error is None
    assert sum(name in world.pool.lived for name in (f"{TUNE}-t{n:05d}" for n in range(1, 9))) == 5
    assert world.said("node 1 is lost: 1 trial at a time from now on: node 1 refuses it: busy")


def test_a_trial_whose_nodes_never_say_how_it_ended_ends_after_its_limit(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.step = 0.05
    world.on_boot = lambda pool: pool.unsaid.add(ALL[1])
    result = world.search()
    assert result.error is None
    records = trial_records(run_folder(tmp_path / "state", TUNE))
    assert [str(record.result) for record in records] == ["succeeded", "error", *["succeeded"] * 3]
    assert records[1].message == "its nodes had not said how it ended 5 min after its limit"
    assert world.said("node 1 is lost: 1 trial at a time from now on")


def test_a_request_put_anew_hears_of_those_that_took_it_before() -> None:
    """Where it is put anew, no node is asked twice whether it has taken it."""
    channel, now = Channel(), [0.0]
    asked = AskedTrial(cast("Any", channel), cast("Any", None), (0, 1))
    asked.look(now[0])
    channel.said = {("1", 0): Answer("started")}
    asked.look(ANEW + 1)
    channel.said = {("2", 0): Answer("refused", message="before"), ("2", 1): Answer("started")}
    assert asked.look(ANEW + 2) is None
    assert asked.taken
    assert channel.put_numbers == ["1", "2"]


@pytest.mark.parametrize(
    "code", [pytest.param(0, id="all trials were lived"), pytest.param(8, id="the tune was interrupted")]
)
def test_no_node_is_kept_for_files_on_their_way_home(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each download takes until the machines are gone."""

    def script(arguments: dict[str, str]) -> Life:
        if code and arguments["--x"] == "4":
            world.interrupt.request(Cancelled("Ctrl-C"))
            return Life(hangs=True)
        return rising(arguments)

    def slow(*arguments: Any) -> Any:
        until = time.monotonic() + 3
        while COMPUTE in world.groups and time.monotonic() < until:
            time.sleep(0.01)
        came.append(COMPUTE not in world.groups)
        return bring(*arguments)

    world, bring, came = TunedWorld(tmp_path, script), trials_home.bring_trial, list[bool]()
    monkeypatch.setattr(trials_home, "bring_trial", slow)
    result = world.search()
    assert result.record.exit_code == code
    assert came
    assert all(came)
    assert world.groups == {}
    assert parameters_of(world.results / "best")


@dataclass
class Channel:
    """Where requests are put, numbered from 1, and answered by what is `said`."""

    said: dict[tuple[str, int], Answer] = field(default_factory=dict)
    put_numbers: list[str] = field(default_factory=list)

    def request(self, kind: str, body: object, nodes: tuple[int, ...]) -> Request:
        return Request(TUNE, str(len(self.put_numbers) + 1), kind, nodes, 1.0, "")

    def put(self, request: Request) -> None:
        self.put_numbers.append(request.number)

    def answer(self, number: str, node: int) -> Answer | None:
        return self.said.get((number, node))

    def withdraw(self, number: str) -> None:
        """Nobody looks for it here."""
