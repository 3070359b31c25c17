"""The one order in which a run is deleted, whoever does it, and what is known of it at each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.fake_effects import FakePulumi
from tests.lifecycle.fakes import TARGET, World
from tests.lifecycle.runs import COMPUTE, KEEP, record_of
from tfinfra.audit.log import read_events
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.errors import ForeignInside, TeardownIncomplete
from tfinfra.lifecycle.attach import attached_run, sweep
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.found_run import FoundRun, opened
from tfinfra.lifecycle.end import teardown
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.store import clear
from tfinfra.system.clock import unix_time

RUN = "digits-abc123"
THEIRS = replace(TARGET, identity_id="/identity", store="https://a.blob.core.windows.net/team")
"""A target whose store outlives the groups of its runs."""


def by_its_client(world: World) -> None:
    world.new_run(target=THEIRS).go()


def by_down(world: World) -> None:
    world.new_run(target=THEIRS, detach=True).go()
    folder = run_folder(world.tmp / "state", RUN)
    groups = tuple(world.arm.groups())
    found = opened(FoundRun(RUN, folder, folder.read(), world.ports, groups, None, None))
    attached_run.end_run(found, lambda text: None)


@pytest.mark.parametrize("ends", [by_its_client, by_down])
def test_a_run_is_deleted_in_one_order(
    ends: Callable[[World], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    world, pulumi, steps = World(tmp_path), FakePulumi(monkeypatch), list[str]()
    world.prerequisites = Prerequisites(may_delete=True, store_url="https://a.blob/team")
    home = tmp_path / "runs" / RUN / "outputs/model/weights.h5"
    delete = world.delete_group

    def note(step: str) -> None:
        billed = [interval.part for interval in record_of(world).ledger.running()]
        facts = [*billed, *(["home"] if home.exists() else []), record_of(world).phase]
        steps.append(f"{step}: {' '.join(facts)}")

    def delete_group(group: str) -> None:
        if group == KEEP:
            note("keep group")
        delete(group)

    def clear_store(store: object) -> int:
        note("store")
        return clear(world.store)

    def drop_stacks(stacks: list[str], *, force: bool) -> dict[str, str]:
        note("stacks")
        return {}

    monkeypatch.setattr(world, "delete_group", delete_group)
    monkeypatch.setattr("tfinfra.lifecycle.end.teardown.clear", clear_store)
    monkeypatch.setattr("tfinfra.engine.stack_removal.drop_stacks", drop_stacks)
    ends(world)
    during = "ended" if ends is by_its_client else "deleting"
    assert steps == [f"keep group: keep home {during}", f"store: home {during}", f"stacks: home {during}"]
    assert (record_of(world).phase, world.groups, pulumi.dropped) == ("deleted", {}, [])


def test_the_store_of_others_is_emptied_also_where_a_group_stays_for_what_others_have_put_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    world.prerequisites = Prerequisites(may_delete=True, store_url="https://a.blob/team")
    world.new_run(target=THEIRS, detach=True).go()
    delete, folder = world.delete_group, run_folder(tmp_path / "state", RUN)

    def stays(group: str) -> None:
        if group == COMPUTE:
            raise ForeignInside("it holds a database", emptied=True)
        delete(group)

    monkeypatch.setattr(world, "delete_group", stays)
    with pytest.raises(TeardownIncomplete):
        teardown.down(world.ports(), folder, RUN, lambda text: None, lambda record: None)
    assert world.store.objects == {}
    assert record_of(world).left == (COMPUTE,)
    assert "teardown.left" in [event["event"] for event in read_events(folder.audit.path)]


def test_a_sweep_closes_the_ledger_of_the_machines_that_it_deletes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    world = World(tmp_path)
    world.new_run(detach=True).go()
    expiries = {COMPUTE: "2026-11-24T09:00:00Z", KEEP: "2026-11-24T11:00:00Z"}
    monkeypatch.setattr(world.arm, "groups", lambda: [RunGroup(g, RUN, expiries[g]) for g in world.groups])
    monkeypatch.setattr(sweep, "reach_scope", lambda *asked: world.ports)
    sweep.down_expired(CloudOptions(), lambda text: None, lambda: unix_time("2026-11-24T10:00:00Z"))
    assert [*world.groups] == [KEEP]
    assert [interval.part for interval in record_of(world).ledger.running()] == ["keep"]
