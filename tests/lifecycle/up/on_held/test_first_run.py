"""Whether a run's nodes can take another now: each reason why not, by a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fake_effects import A_LOCK
from tests.lifecycle.fakes import World
from tests.lifecycle.runs import record_of
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.in_store.store_view import how_it_ended
from tfinfra.lifecycle.record.run_record import run_folder, write_json
from tfinfra.lifecycle.up.on_held import first_run
from tfinfra.model import Outcome, to_json
from tfinfra.store import keys
from tfinfra.system.clock import iso_time, right_now
from tfinfra.system.progress import say_nothing

FIRST, NEXT = "digits-abc123", "digits-next12"


def a_kept_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path)
    world.new_run(keep=True).go()
    folder = run_folder(tmp_path / "state", FIRST)
    folder.update(deadline=iso_time(right_now() + 3600))
    origin = {"source": {}, "executable": [], "links": {}, "bundle": "b", "environment": to_json(A_LOCK), "deploy": {}}
    write_json(folder.path / "origin.json", origin)

    def find(name: str, tell: Callable[[str], None], *, nodes: bool = False) -> FoundRun:
        del nodes
        own = run_folder(tmp_path / "state", name)
        outcome = how_it_ended(world.store, world.now)
        known = outcome if isinstance(outcome, Outcome) else None
        return FoundRun(name, own, own.read(), world.ports, tuple(world.arm.groups()), world.store, known)

    monkeypatch.setattr(first_run, "find_run", find)
    return world


def change(world: World, **changes: Any) -> None:
    run_folder(world.tmp / "state", FIRST).update(**changes)


UNREADY: dict[str, tuple[Callable[[World], object], str]] = {
    "its nodes are deleted": (lambda w: w.groups.pop(f"tfinfra-{FIRST}-compute"), "has no nodes any more"),
    "it trains": (lambda w: w.store.delete(keys.OUTCOME), "has not ended"),
    "it collects": (lambda w: w.store.delete(keys.COLLECTED), "has not ended"),
    "its nodes do not stay": (lambda w: w.store.delete(keys.KEEP), "do not stay"),
    "its time is over in a moment": (lambda w: change(w, deadline=iso_time(right_now() + 20)), "are held for"),
    "nobody noted what it was made from": (
        lambda w: (w.tmp / "state/runs" / FIRST / "origin.json").unlink(),
        "takes no further run: what the run was made from was not noted",
    ),
    "another machine began it": (
        lambda w: (w.tmp / "state/runs" / FIRST / "run.json").unlink(),
        "was not begun on this machine",
    ),
}


def test_a_kept_run_takes_another_and_so_does_one_by_the_name_of_the_last_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_kept_run(tmp_path, monkeypatch)
    found = first_run.first_run(FIRST, say_nothing)
    assert (found.record.run, found.lock, found.place.node_count) == (FIRST, A_LOCK, 2)
    run_folder(tmp_path / "state", NEXT).write(replace(record_of(world), run=NEXT, on=FIRST))
    assert first_run.first_run(NEXT, say_nothing).record.run == FIRST


@pytest.mark.parametrize(("how", "why"), UNREADY.values(), ids=UNREADY.keys())
def test_nodes_that_take_no_other_run_say_why(
    how: Callable[[World], object], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_kept_run(tmp_path, monkeypatch)
    how(world)
    with pytest.raises(UsageError, match=why):
        first_run.first_run(FIRST, say_nothing)
