"""A run on the nodes of a run that was kept, against a played world: what is left of it, and of that one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fake_effects import A_LOCK
from tests.lifecycle.fakes import Nodes, World, a_plan, failing, succeeding, training
from tests.lifecycle.runs import COMPUTE, KEEP, record_of
from tfinfra.audit.log import read_events
from tfinfra.errors import Cancelled, TeardownIncomplete, UsageError
from tfinfra.evidence.material import Origin
from tfinfra.lifecycle.attach.attached_run import end_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.data.staging import Given
from tfinfra.lifecycle.end.further_runs import stop_tasks
from tfinfra.lifecycle.record.in_store.published import BorrowedFolder
from tfinfra.lifecycle.record.in_store.store_view import how_it_ended
from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.record.run_record import RunRecord, run_folder
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.request_channel import Channel, new_request
from tfinfra.lifecycle.up.on_held.first_run import FirstRun
from tfinfra.lifecycle.up.on_held.further_run import FurtherRun
from tfinfra.lifecycle.up.on_held.handing_over import ANSWER
from tfinfra.model import CollectedMark, Heartbeat, Outcome, Plan
from tfinfra.model.next_run import NextRun
from tfinfra.model.requests import Answer, Request
from tfinfra.store import MemoryStore, encode, keys
from tfinfra.system.clock import iso_time
from tfinfra.system.progress import say_nothing

FIRST, NEXT = "digits-abc123", "digits-next12"
URL = f"file:///store/run/on/{NEXT}"


class FakeChannel(Channel):
    """Nodes that register and play `nodes` as soon as they are asked, or refuse with `why`."""

    def __init__(self, world: World, nodes: Nodes, why: str = "") -> None:
        self._world = world
        self._nodes = nodes
        self._why = why
        self.asked: list[NextRun] = []
        self.withdrawn: list[str] = []

    def request(self, kind: str, body: Any, nodes: Sequence[int]) -> Request:
        assert (kind, tuple(nodes)) == ("try", (0, 1))
        self.asked.append(body)
        return new_request(FIRST, kind, body, nodes, 0.0)

    def put(self, request: Request) -> None:
        events = read_events(run_folder(self._world.tmp / "state", NEXT).audit.path)
        assert [one["number"] for one in events if one["event"] == "asked"] == [request.number], "it is noted before"
        body = self.asked[-1]
        store = self._world.store_at(URL)
        assert store.get(keys.bundle_key(body.bundle_sha256)) == b"bundle", "what they fetch is there before"
        if not self._why:
            for node in request.nodes:
                store.put(keys.node_key(f"n{node}"), b"{}")
            self._nodes(store)

    def answer(self, number: str, node: int) -> Answer | None:
        return Answer("refused", message=self._why) if self._why else None

    def withdraw(self, number: str) -> None:
        self.withdrawn.append(number)


def kept(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.new_run(keep=True).go()
    run_folder(tmp_path / "state", FIRST).update(deadline=iso_time(world.now + 5000))
    return world


def further(world: World, channel: FakeChannel, plan: Plan | None = None, **options: Any) -> FurtherRun:
    folder = run_folder(world.tmp / "state", FIRST)
    record = folder.read()
    assert record is not None
    outcome = how_it_ended(world.store, world.now)
    assert isinstance(outcome, Outcome)
    found = FoundRun(FIRST, folder, record, world.ports, tuple(world.arm.groups()), world.store, outcome)
    first = FirstRun(found, world.store, record, folder.plan(), Origin({}, (), {}, "b", {}, {}), A_LOCK)
    up = UpOptions(world.tmp, own_state=world.tmp / "state", letters="next12", on=FIRST, **options)
    compiled = world.compiled(plan or a_plan())
    return FurtherRun(
        compiled, world.ports(), up, world.observer, world.interrupt, first=first, channel=channel, given=Given()
    )


def next_record(world: World) -> RunRecord:
    record = run_folder(world.tmp / "state", NEXT).read()
    assert record is not None
    return record


def uses(world: World) -> list[tuple[str, bool]]:
    """Which runs used the first one's nodes, and whether they still do."""
    return [(use.run, use.end is None) for use in record_of(world).ledger.uses]


@pytest.mark.parametrize(("nodes", "exit_code"), [(succeeding, 0), (failing, 7)])
def test_it_comes_home_and_leaves_nothing_but_the_nodes(tmp_path: Path, nodes: Nodes, exit_code: int) -> None:
    world = kept(tmp_path)
    channel = FakeChannel(world, nodes)
    result = further(world, channel).go()
    record = next_record(world)
    assert (result.error.exit_code if result.error else 0) == record.exit_code == exit_code
    assert (record.phase, record.on, record.fetched, record.ledger.intervals) == ("deleted", FIRST, True, ())
    assert world.store_at(URL).objects == {}
    assert set(world.groups) == {KEEP, COMPUTE}
    assert uses(world) == [(NEXT, False)]
    results = tmp_path / "runs" / NEXT
    assert json.loads((results / "run.json").read_text())["on"] == FIRST
    assert (results / "audit" / "statement.json").exists()
    assert result.held is not None and result.held.run == FIRST
    assert len(channel.withdrawn) == 1


def test_its_time_is_never_longer_than_that_of_the_nodes(tmp_path: Path) -> None:
    world = kept(tmp_path)
    deadline = iso_time(world.now + 40)
    run_folder(tmp_path / "state", FIRST).update(deadline=deadline)
    channel = FakeChannel(world, succeeding)
    further(world, channel).go()
    (asked,) = channel.asked
    assert (asked.deadline, asked.limit) == (deadline, "max_run_duration")
    assert asked.run_seconds <= 40


def test_nodes_that_refuse_it_are_named_and_stay(tmp_path: Path) -> None:
    world = kept(tmp_path)
    result = further(world, FakeChannel(world, succeeding, "its disk is full")).go()
    assert result.error is not None
    assert (result.error.exit_code, "node 0 refuses it: its disk is full" in result.error.message) == (6, True)
    assert (set(world.groups), uses(world)) == ({KEEP, COMPUTE}, [(NEXT, False)])
    assert world.store_at(URL).objects == {}


class SlowSetup(FakeChannel):
    """Nodes that take the run at once, and register when their setup script has ended: `seconds` later."""

    def __init__(self, world: World, seconds: float) -> None:
        super().__init__(world, succeeding)
        self._begun: tuple[Request, float] | None = None
        self._seconds = seconds

    def put(self, request: Request) -> None:
        self._begun = request, self._world.now + self._seconds

    def answer(self, number: str, node: int) -> Answer | None:
        if self._begun is not None and self._world.now > self._begun[1]:
            super().put(self._begun[0])
            self._begun = None
        beat = Heartbeat(f"n{node}", int(self._world.now), self._world.now, "setup")
        self._world.store_at(URL).put(keys.heartbeat_key(beat.node_id), encode(beat))
        return Answer("started")


def test_nodes_whose_setup_takes_long_are_waited_for(tmp_path: Path) -> None:
    world = kept(tmp_path)
    world.step = 0.5
    plan = a_plan()
    plan = replace(plan, setup_script="setup.sh", limits=replace(plan.limits, max_run_duration=3600))
    result = further(world, SlowSetup(world, 3 * ANSWER), plan).go()
    assert (result.error, next_record(world).phase) == (None, "deleted")


def test_the_tasks_of_a_run_whose_nodes_are_in_their_setup_are_ended_and_waited_for(tmp_path: Path) -> None:
    world = kept(tmp_path)
    further(world, FakeChannel(world, training), detach=True).go()
    store = world.store_at(URL)
    store.delete(keys.node_key("n0"))
    store.delete(keys.node_key("n1"))
    store.put(keys.heartbeat_key("n0"), b"{}")

    def collect() -> None:
        while store.get(keys.STOP) is None:
            time.sleep(0.01)
        store.put(keys.COLLECTED, encode(CollectedMark(0)))

    node = threading.Thread(target=collect)
    node.start()
    stop_tasks(world.ports(), next_record(world), say_nothing)
    node.join(5)
    assert is_collected(store)


def test_another_on_the_nodes_is_named_and_nothing_is_left_of_this_one(tmp_path: Path) -> None:
    world = kept(tmp_path)
    other = "digits-other1"
    folder = run_folder(tmp_path / "state", other)
    folder.write(record_of(world))
    folder.update(run=other, on=FIRST, phase="running", store=f"file:///store/run/on/{other}")
    run_folder(tmp_path / "state", FIRST).update(ledger=record_of(world).ledger.used(other, world.now))
    channel = FakeChannel(world, succeeding)
    with pytest.raises(UsageError, match=f"{other} is on the nodes of {FIRST}"):
        further(world, channel).go()
    assert (channel.asked, next_record(world).came_to_nothing, uses(world)) == ([], True, [(other, True)])


def obeying(store: MemoryStore) -> None:
    """Nodes that train until they are told to stop, and collect then."""
    training(store)

    def obey() -> None:
        while store.get(keys.STOP) is None:
            pass
        store.put(keys.output_key("outputs", "half"), b"half")
        store.put(keys.COLLECTED, b"{}")

    threading.Thread(target=obey, daemon=True).start()


def test_ctrl_c_ends_its_tasks_alone(tmp_path: Path) -> None:
    world = kept(tmp_path)
    threading.Timer(0.4, lambda: world.interrupt.request(Cancelled("Ctrl-C"))).start()
    result = further(world, FakeChannel(world, obeying)).go()
    assert result.error is not None
    assert (result.error.exit_code, set(world.groups)) == (8, {KEEP, COMPUTE})
    assert (tmp_path / "runs" / NEXT / "outputs" / "half").read_bytes() == b"half"


def test_the_end_of_a_run_whose_nodes_are_gone_waits_for_none_of_them(tmp_path: Path) -> None:
    world = kept(tmp_path)
    further(world, FakeChannel(world, training), detach=True).go()
    world.running = 0
    folder = run_folder(tmp_path / "state", NEXT)
    groups = tuple(world.arm.groups())
    began = time.monotonic()
    end_run(FoundRun(NEXT, folder, folder.read(), world.ports, groups, world.store_at(URL), None), say_nothing)
    assert time.monotonic() - began < 2.5, "collecting alone may take three seconds in this world"
    assert (next_record(world).phase, uses(world)) == ("deleted", [(NEXT, False)])
    assert set(world.groups) == {KEEP, COMPUTE}


def from_another_machine(world: World) -> FoundRun:
    """The first run as a machine finds it that has a record of neither, and the other one's record in its store."""
    record = replace(record_of(world), client=None, results=str(world.tmp / "other/home"))
    world.store.put(f"on/{NEXT}/{keys.RECORD}", b"{}")
    world.store_at(URL).put(keys.heartbeat_key("n0"), b"{}")
    folder = BorrowedFolder(world.tmp / "other/runs" / FIRST)
    folder.write(record)
    return FoundRun(FIRST, folder, record, world.ports, tuple(world.arm.groups()), world.store, None)


def test_the_end_of_the_first_run_from_another_machine_keeps_what_that_one_has_not_brought_home(
    tmp_path: Path,
) -> None:
    world = kept(tmp_path)
    said = list[str]()
    with pytest.raises(TeardownIncomplete, match=f"the outputs in it of {NEXT} are not at home"):
        end_run(from_another_machine(world), said.append)
    assert set(world.groups) == {KEEP}
    assert world.store_at(URL).get(keys.STOP) is not None
    assert f"{NEXT} is in its store, begun by another machine: its tasks are ended first" in said


def test_what_another_machine_has_not_brought_home_can_be_given_up(tmp_path: Path) -> None:
    world = kept(tmp_path)
    end_run(from_another_machine(world), say_nothing, discard=True)
    assert set(world.groups) == set()


def test_the_end_of_the_first_run_keeps_a_store_in_which_another_is_not_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = kept(tmp_path)
    further(world, FakeChannel(world, training), detach=True).go()
    assert (next_record(world).detached, uses(world)) == (True, [(NEXT, True)])

    def unreachable(name: str) -> FoundRun:
        raise UsageError(f"{name} cannot be reached")

    monkeypatch.setattr("tfinfra.lifecycle.attach.attached_run.find_run", unreachable)
    folder = run_folder(tmp_path / "state", FIRST)
    groups = tuple(world.arm.groups())
    found = FoundRun(FIRST, folder, folder.read(), world.ports, groups, world.store, None)
    said = list[str]()
    with pytest.raises(Exception, match=f"the outputs in it of {NEXT} are not at home"):
        end_run(found, said.append)
    assert set(world.groups) == {KEEP}
