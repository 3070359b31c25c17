"""What a run has cost: one deadline from both limits, the ledger in its record, and exit 10 for what is billed late."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.lifecycle.fakes import World, a_plan, training
from tests.lifecycle.record.test_record import a_record
from tests.money.schedules import Schedule, at_any_time, course, schedules
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.errors import LimitReached, TeardownIncomplete
from tfinfra.lifecycle.end import teardown
from tfinfra.lifecycle.provision.stack_config import node_settings
from tfinfra.lifecycle.record import spending
from tfinfra.lifecycle.record.run_record import RunRecord, run_folder
from tfinfra.lifecycle.record.run_status import run_status
from tfinfra.model import Limits
from tfinfra.money.budget import Burn
from tfinfra.money.ledger import Interval, Ledger
from tfinfra.system.clock import iso_time, unix_time

RUN = "digits-abc123"
KEEP, COMPUTE = f"tfinfra-{RUN}-keep", f"tfinfra-{RUN}-compute"
# 0.9 x 20 = 18 USD; 30 minutes of 10.5 and an hour of 0.5 are held back; the rest is 1 h 10 min at 10.5 an hour
CAPPED = Limits(max_run_duration=86_400, keep_outputs=3600, max_cost_usd=20.0)
BURN = Burn(10.0, 0.5)
SECONDS = 4200


def record_of(world: World) -> RunRecord:
    record = run_folder(world.tmp / "state", RUN).read()
    assert record is not None
    return record


def test_record_nodes_and_client_have_the_one_deadline(tmp_path: Path) -> None:
    world = World(tmp_path, training)
    world.step = 20.0
    world.new_run(a_plan(limits=CAPPED), burn=BURN, detach=True).go()
    record = record_of(world)
    assert (record.limit, record.run_seconds, record.max_cost_usd) == ("max_cost_usd", SECONDS, 20.0)
    assert unix_time(record.deadline) == int(record.times["started"]) + SECONDS
    assert unix_time(record.keep_until) == unix_time(record.deadline) + 3600
    nodes = json.loads(world.groups[COMPUTE]["nodeSettings"])
    assert (nodes["deadline"], nodes["limit"], nodes["run_seconds"]) == (record.deadline, "max_cost_usd", SECONDS)
    assert world.groups[COMPUTE]["expiresAt"] == record.deadline
    assert world.groups[KEEP]["expiresAt"] == record.keep_until


def test_a_budget_ends_a_training_with_the_limits_exit_code_and_name(tmp_path: Path) -> None:
    world = World(tmp_path, training)
    world.step = 20.0
    result = world.new_run(a_plan(limits=CAPPED), burn=BURN).go()
    assert result.error is not None
    assert result.error.exit_code == 9
    assert "limits.max_cost_usd" in str(result.error)
    assert 0 < result.document["usd"] < 20.0
    assert (result.document["max_cost_usd"], result.document["limit"]) == (20.0, "max_cost_usd")
    assert all(interval["end"] for interval in result.document["ledger"])


def test_a_run_that_costs_nothing_is_not_ended_by_its_budget(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.new_run(a_plan(limits=Limits(60, 60, 0.01))).go()
    assert result.error is None
    assert record_of(world).limit == "max_run_duration"
    assert result.document["usd"] == 0.0


def test_a_teardown_that_fails_names_what_it_cost_so_far_and_an_hour(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"delete": OSError("a lock")})
    world.step = 20.0
    result = world.new_run(a_plan(limits=CAPPED), burn=BURN).go()
    assert result.error is not None
    assert result.error.exit_code == 10
    assert f"{COMPUTE}: 10.00 USD per hour: a lock" in str(result.error)
    assert f"{KEEP}: 0.50 USD per hour" in str(result.error)
    assert "USD so far at list price, of at most 20.00 (limits.max_cost_usd)" in str(result.error)
    assert {i.group for i in record_of(world).ledger.running()} == {COMPUTE, KEEP}


def test_a_deletion_that_took_too_long_is_reported_though_all_is_gone(tmp_path: Path) -> None:
    world = World(tmp_path)
    delete = world.delete_group

    def slow(group: str) -> None:
        if group == COMPUTE:
            world.now += 10 * 3600
        delete(group)

    world.delete_group = slow  # type: ignore[method-assign]
    result = world.new_run(a_plan(limits=CAPPED), burn=BURN).go()
    assert world.groups == {}
    assert isinstance(result.error, TeardownIncomplete)
    assert f"{COMPUTE}: until " in str(result.error)
    assert "of at most 20.00" in str(result.error)
    assert record_of(world).exit_code == 10


def test_without_a_budget_a_slow_deletion_is_nothing_to_report(tmp_path: Path) -> None:
    world = World(tmp_path)
    delete = world.delete_group

    def slow(group: str) -> None:
        world.now += 40 * 86_400
        delete(group)

    world.delete_group = slow  # type: ignore[method-assign]
    assert world.new_run(a_plan(limits=replace(CAPPED, max_cost_usd=None)), burn=BURN).go().error is None


# What others do with the run afterwards


def left_behind(tmp_path: Path) -> World:
    """A detached run, whose client is gone."""
    world = World(tmp_path, training)
    world.new_run(a_plan(limits=CAPPED), burn=BURN, detach=True).go()
    return world


def take_down(world: World) -> None:
    teardown.down(world.ports(), run_folder(world.tmp / "state", RUN), RUN, lambda text: None, lambda record: None)


def test_down_closes_the_ledger(tmp_path: Path) -> None:
    world = left_behind(tmp_path)
    world.now += 3600
    take_down(world)
    record = record_of(world)
    assert record.ledger.running() == ()
    assert record.ledger.usd(world.now + 1e9) == pytest.approx(10.5, abs=0.05)


def test_down_reports_groups_that_outlived_their_time_once(tmp_path: Path) -> None:
    world = left_behind(tmp_path)
    world.now += 5 * 3600
    with pytest.raises(TeardownIncomplete, match=f"{COMPUTE}: until"):
        take_down(world)
    assert world.groups == {}
    assert record_of(world).phase == "deleted"
    take_down(world)


def test_groups_that_the_timer_deleted_in_time_are_not_late_and_cost_no_more(tmp_path: Path) -> None:
    world = left_behind(tmp_path)
    world.groups.clear()
    world.now += 40 * 86_400
    take_down(world)
    record = record_of(world)
    assert record.ledger.usd(world.now) <= 20.0
    assert spending.late(record) is None


def test_runs_tells_what_was_spent_of_what(tmp_path: Path) -> None:
    world = left_behind(tmp_path)
    record = record_of(world)
    groups = [RunGroup(name, RUN, record.deadline) for name in (KEEP, COMPUTE)]
    now = world.now + 3600
    state = run_status(record, groups, None, now)
    assert (state.usd_per_hour, state.max_cost_usd) == (10.5, 20.0)
    assert state.usd == pytest.approx(10.5, abs=0.05)
    gone = run_status(record, groups[:1], None, now + 1e6)  # the compute group went by itself, nobody wrote down when
    assert gone.usd_per_hour == 0.5
    assert gone.usd - 0.5 * (now + 1e6 - record.times["started"]) / 3600 <= 18.0


def test_a_record_of_a_version_without_a_ledger_is_read(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, RUN)
    folder.write(a_record(RUN))
    text = (folder.path / "run.json").read_text()
    document: dict[str, Any] = json.loads(text)
    for key in ("ledger", "max_cost_usd", "limit", "run_seconds"):
        del document[key]
    (folder.path / "run.json").write_text(json.dumps(document))
    record = folder.read()
    assert record is not None
    assert record.ledger == Ledger()


def test_the_nodes_settings_come_from_the_record(tmp_path: Path) -> None:
    keep = {"store": {"endpoint": "file:///s", "container": "c"}, "identityClientId": "i"}
    record = a_record(RUN, limit="max_cost_usd", run_seconds=1234)
    told = node_settings(
        record, World(tmp_path).cloud(), keep, Prerequisites(may_delete=True), bundle=("bundle", "sha")
    )
    assert (told.limit, told.run_seconds, told.deadline) == ("max_cost_usd", 1234, record.deadline)


def test_another_attempt_draws_on_the_same_budget(tmp_path: Path) -> None:
    world = left_behind(tmp_path)
    folder, before = run_folder(tmp_path / "state", RUN), record_of(world)
    end = spending.note_attempt(folder, f"{COMPUTE}-1", CAPPED, BURN, world.now + 600)
    after = record_of(world)
    assert unix_time(after.deadline) < unix_time(before.deadline)
    assert (after.compute_group, after.keep_until, after.limit) == (f"{COMPUTE}-1", before.keep_until, "max_cost_usd")
    assert after.deadline == iso_time(end.at)
    # what both attempts and the kept outputs may cost until each of them is due is nine tenths of the budget
    assert sum(i.usd(i.due) for i in after.ledger.intervals) == pytest.approx(18.0, abs=0.01)
    with pytest.raises(
        LimitReached, match=r"limits.max_cost_usd leaves no time for another attempt: .* of at most 20.00"
    ):
        spending.note_attempt(folder, f"{COMPUTE}-2", CAPPED, BURN, world.now + 1500)


@settings(max_examples=150, deadline=None)
@given(schedule=schedules(at_any_time))
def test_a_run_that_cost_more_than_its_budget_ends_with_exit_10(schedule: Schedule) -> None:
    came = course(schedule)
    if came.attempts == 0:
        return
    limits = schedule.limits
    record = a_record(
        RUN,
        deadline=iso_time(came.first.at),
        keep_until=iso_time(came.first.at + limits.keep_outputs),
        max_cost_usd=limits.max_cost_usd,
        ledger=came.ledger,
    )
    late = spending.late(record)
    assert late is not None or came.billed <= (limits.max_cost_usd or 0.0) + 1e-6
    assert late is None or late.exit_code == 10


def test_a_group_of_an_earlier_attempt_counts_too() -> None:
    ledger = Ledger(
        (Interval("compute-0", "compute", 6.0, 0.0, 1e6, 1800.0), Interval("compute-1", "compute", 6.0, 0.0, 1e6))
    )
    assert spending.spent(a_record(RUN, ledger=ledger), 3600.0) == 9.0
