"""One node compiles Horovod, the others fetch it: races, a builder that dies, a wheel that is not what it should be."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.test_own_faults import context_of
from tests.clocks import FakeClock
from tfinfra.agent.boot import training_environment
from tfinfra.agent.boot.wheel_sharing import SharedWheels
from tfinfra.agent.node.node_records import write
from tfinfra.environment import build_environment, horovod
from tfinfra.errors import ProvisioningError
from tfinfra.model import Heartbeat
from tfinfra.store import MemoryStore, keys
from tfinfra.system.clock import SystemClock

KEY, NAME = "k" * 20, "horovod-0.28.1-cp311-cp311-linux_x86_64.whl"


class Builder:
    """A build of one node: counts, and writes `content` as the wheel."""

    def __init__(self, folder: Path, content: bytes = b"wheel") -> None:
        self.folder, self.content, self.built = folder, content, 0

    def __call__(self) -> None:
        self.built += 1
        self.folder.mkdir(parents=True)
        (self.folder / NAME).write_bytes(self.content)


def node(store: MemoryStore, name: str, clock: FakeClock | None = None) -> SharedWheels:
    return SharedWheels(store, name, clock or FakeClock(), silence=60.0)


def claim(store: MemoryStore, owner: str, attempt: int = 0) -> None:
    write(store, keys.wheel_claim_key(KEY, attempt), {"node": owner})


def shared(store: MemoryStore, content: bytes, told: bytes | None = None) -> None:
    """What a builder leaves in the store; `told` is what it says to have built, where that is something else."""
    digest = hashlib.sha256(told or content).hexdigest()
    store.put(keys.wheel_key(KEY, digest), content)
    write(store, keys.wheel_record_key(KEY), {"name": NAME, "sha256": digest, "attempt": 0})


def test_the_first_node_builds_and_the_next_one_fetches(tmp_path: Path) -> None:
    store = MemoryStore()
    first, second = Builder(tmp_path / "a/k"), Builder(tmp_path / "b/k")
    node(store, "vm-a")(KEY, first.folder, first)
    node(store, "vm-b")(KEY, second.folder, second)
    assert (first.built, second.built) == (1, 0)
    assert (second.folder / NAME).read_bytes() == b"wheel"
    assert not list((tmp_path / "b").glob("*.fetched"))


def test_of_many_at_once_one_builds(tmp_path: Path) -> None:
    store = MemoryStore()
    builders = [Builder(tmp_path / f"{number}/k") for number in range(8)]
    threads = [
        threading.Thread(target=SharedWheels(store, f"vm-{n}", SystemClock(), 60.0), args=(KEY, b.folder, b))
        for n, b in enumerate(builders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(builder.built for builder in builders) == 1
    assert all((builder.folder / NAME).read_bytes() == b"wheel" for builder in builders)


def test_a_builder_whose_heart_stops_is_followed_by_the_next(tmp_path: Path) -> None:
    store, clock = MemoryStore(), FakeClock()
    claim(store, "vm-dead")
    write(store, keys.heartbeat_key("vm-dead"), Heartbeat("vm-dead", 7, 0.0, "environment"))
    mine = Builder(tmp_path / "k")
    start = clock.now
    node(store, "vm-b", clock)(KEY, mine.folder, mine)
    assert mine.built == 1
    assert 60 <= clock.now - start < 65
    assert json.loads(store.objects[keys.wheel_claim_key(KEY, 1)]) == {"node": "vm-b"}


def test_a_slow_builder_that_lives_is_waited_for(tmp_path: Path) -> None:
    store, mine = MemoryStore(), Builder(tmp_path / "k")
    claim(store, "vm-slow")

    def beat(clock: FakeClock) -> None:
        write(store, keys.heartbeat_key("vm-slow"), Heartbeat("vm-slow", int(clock.now), 0.0, "environment"))
        if clock.now > 1400:
            shared(store, b"late")

    node(store, "vm-b", Ticking(beat))(KEY, mine.folder, mine)
    assert mine.built == 0
    assert (mine.folder / NAME).read_bytes() == b"late"


def test_one_that_hangs_while_its_heart_beats_has_an_end_too(tmp_path: Path) -> None:
    store, mine = MemoryStore(), Builder(tmp_path / "k")
    claim(store, "vm-hung")

    def beat(clock: FakeClock) -> None:
        write(store, keys.heartbeat_key("vm-hung"), Heartbeat("vm-hung", int(clock.now), 0.0, "environment"))

    clock = Ticking(beat)
    node(store, "vm-b", clock)(KEY, mine.folder, mine)
    assert mine.built == 1
    assert clock.now - 1000 > 1200


class Ticking(FakeClock):
    """A clock that lets the world go on whenever somebody sleeps."""

    def __init__(self, tick: Callable[[FakeClock], None]) -> None:
        super().__init__()
        self._tick = tick

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._tick(self)


def test_a_torn_wheel_is_not_installed_and_is_replaced(tmp_path: Path) -> None:
    store, mine, other = MemoryStore(), Builder(tmp_path / "a/k"), Builder(tmp_path / "b/k")
    claim(store, "vm-a")
    shared(store, b"whe", told=b"wheel")
    clock = FakeClock()
    node(store, "vm-b", clock)(KEY, mine.folder, mine)
    assert clock.now == 1000.0
    assert mine.built == 1
    node(store, "vm-c")(KEY, other.folder, other)
    assert (other.built, (other.folder / NAME).read_bytes()) == (0, b"wheel")


def test_a_record_whose_wheel_is_missing_is_as_none(tmp_path: Path) -> None:
    store, mine = MemoryStore(), Builder(tmp_path / "k")
    write(store, keys.wheel_record_key(KEY), {"name": NAME, "sha256": "0" * 64})
    node(store, "vm-b")(KEY, mine.folder, mine)
    assert mine.built == 1


def test_a_builder_that_was_started_again_keeps_its_claim(tmp_path: Path) -> None:
    store, clock, mine = MemoryStore(), FakeClock(), Builder(tmp_path / "k")
    claim(store, "vm-a")
    node(store, "vm-a", clock)(KEY, mine.folder, mine)
    assert (mine.built, clock.now) == (1, 1000.0)


def test_a_build_that_fails_is_told_to_those_who_wait(tmp_path: Path) -> None:
    store = MemoryStore()

    def fail() -> None:
        raise ProvisioningError("building Horovod failed with exit status 2: no space left")

    with pytest.raises(ProvisioningError, match="no space left"):
        node(store, "vm-a")(KEY, tmp_path / "a", fail)
    with pytest.raises(ProvisioningError, match=r"could not be built on vm-a: .*no space left"):
        node(store, "vm-b")(KEY, tmp_path / "b", Builder(tmp_path / "b"))


def test_a_store_that_takes_no_wheel_stops_nobody_who_has_one(tmp_path: Path) -> None:
    def refuse(verb: str, key: str) -> None:
        if verb == "put":
            raise OSError("the store is full")

    mine = Builder(tmp_path / "k")
    node(MemoryStore(refuse), "vm-a")(KEY, mine.folder, mine)
    assert (mine.folder / NAME).exists()


@pytest.mark.parametrize(("nodes", "own", "alone"), [(2, True, False), (2, False, True), (1, True, True)])
def test_a_wheel_is_taken_from_no_store_that_other_runs_write_into(
    nodes: int, own: bool, alone: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = []
    monkeypatch.setattr(build_environment, "ensure_environment", lambda *_, wheels, **__: given.append(wheels))
    monkeypatch.setattr(training_environment, "from_json", lambda _, lock: lock)
    context = context_of(tmp_path, MemoryStore())
    plan, settings = replace(context.plan, node_count=nodes), replace(context.settings, may_delete=own)
    training_environment.training_environment(replace(context, plan=plan, settings=settings), {"lock": {}}, None)
    assert [wheels is horovod.build_here for wheels in given] == [alone]
