"""A tune whose store, disk or nodes let it down amid its search."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.tuning.tuned_world import TunedWorld, hurried
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.store import MemoryStore

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
