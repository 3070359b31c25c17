"""A held run gets more time, within the latest time that its timer and nodes hold, and says what that costs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.attach.test_resume import GROUPS, RUN, found
from tests.lifecycle.fakes import World, a_plan, succeeding
from tfinfra.audit.log import read_events
from tfinfra.errors import ManifestError, ProvisioningError, UsageError
from tfinfra.lifecycle.asking.extend import extend
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.run_record import RunPhase
from tfinfra.model import to_json
from tfinfra.model.tuning import Tune
from tfinfra.money.ledger import Interval, Ledger
from tfinfra.store import keys

NOW = 1000.0
LEDGER = Ledger((Interval(GROUPS[0].name, "compute", 3.6, 0.0, 4600.0),))
HELD: dict[str, Any] = {
    "phase": RunPhase.HELD,
    "deadline": "1970-01-01T01:00:00Z",
    "keep_until": "1970-01-08T00:00:00Z",
    "latest": "1970-01-01T03:00:00Z",
    "run_seconds": 3600,
    "ledger": LEDGER,
}


def held(folder: Path, **changes: Any) -> tuple[World, FoundRun]:
    world = World(folder)
    world.now, world.step = NOW, 0.0
    succeeding(world.store)
    return world, found(world, **{**HELD, **changes})


@pytest.mark.parametrize(
    ("seconds", "until", "usd"),
    [
        pytest.param(3600, "1970-01-01T02:00:00Z", 3.6, id="by what was asked for"),
        pytest.param(10**6, "1970-01-01T03:00:00Z", 7.2, id="to the latest time at most"),
    ],
)
def test_the_deadline_is_put_off(tmp_path: Path, seconds: int, until: str, usd: float) -> None:
    world, run = held(tmp_path)
    extended = extend(run, seconds)
    assert (extended.deadline, extended.usd, extended.keep_until) == (until, usd, HELD["keep_until"])
    assert world.put_off == [(GROUPS[0].name, RUN, until)], "the keep group has its latest time already"
    record = run.folder.read()
    assert record is not None
    assert (record.deadline, record.run_seconds) == (until, 3600 + round(usd * 1000))
    assert record.ledger.intervals[0].due == 4600.0 + round(usd * 1000)
    (event,) = (one for one in read_events(run.folder.path / "events.jsonl") if one["event"] == "extend")
    assert (event["group"], event["expires"]) == (GROUPS[0].name, until), "so an audit of the live run explains the tag"


def test_what_is_written_of_the_nodes_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, run = held(tmp_path)
    asked = world.put_off

    def claimed(group: str, of: str, moment: str) -> None:
        asked.append((group, of, moment))
        run.folder.change_ledger(lambda ledger: ledger.used("digits-next12", NOW))

    monkeypatch.setattr(run.ports.arm, "put_off", claimed)
    extend(run, 3600)
    extend(run, 1800)  # with what this process has read before the first of the two
    record = run.folder.read()
    assert record is not None
    assert [use.run for use in record.ledger.uses] == ["digits-next12"] * 2
    assert [moment for _, _, moment in asked] == ["1970-01-01T02:00:00Z", "1970-01-01T02:30:00Z"]
    assert (record.deadline, record.ledger.intervals[0].due) == (asked[-1][2], 4600.0 + 5400)


def test_nodes_whose_client_has_gone_before_the_end_are_given_more_time_too(tmp_path: Path) -> None:
    world, run = held(tmp_path, phase=RunPhase.RUNNING, detached=True, client=None)
    world.store.put(keys.KEEP, b"{}")
    assert extend(run, 3600).deadline == "1970-01-01T02:00:00Z"


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "that holds no later time": ({"latest": None}, UsageError, "no later time than its deadline"),
    "that is deleted": ({"phase": RunPhase.DELETED, "latest": None}, UsageError, "has no nodes any more"),
    "that is at its latest": ({"deadline": HELD["latest"]}, UsageError, "its latest time already"),
    "that is not held": ({"phase": RunPhase.RUNNING}, UsageError, "not held here"),
    "whose deadline has passed": ({"deadline": "1970-01-01T00:10:00Z"}, UsageError, "has passed"),
    "on the nodes of another": ({"on": "other-abc123"}, UsageError, "on the nodes of other-abc123"),
}


@pytest.mark.parametrize(("changes", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_nothing_is_given_to_a_run(tmp_path: Path, changes: dict[str, Any], error: type[Exception], words: str) -> None:
    world, run = held(tmp_path, **changes)
    with pytest.raises(error, match=words):
        extend(run, 60)
    assert world.put_off == []


def test_nothing_is_given_to_a_tune_which_can_be_gone_on_with(tmp_path: Path) -> None:
    world, run = held(tmp_path, latest=None)
    plan = replace(a_plan(), tune=Tune("random", {}, "acc", "maximize", 1, 1))
    run.folder.write_deploy({"plan.json": json.dumps(to_json(plan))})
    with pytest.raises(UsageError, match=r"is a tune: it ends at its tune\.max_duration_minutes") as raised:
        extend(run, 60)
    assert "--resume" in (raised.value.hint or "")
    assert world.put_off == []


def test_nothing_is_given_where_the_target_is_shared(tmp_path: Path) -> None:
    world, run = held(tmp_path)
    assert run.record is not None
    world, run = held(tmp_path, target=replace(run.record.target, store="https://x"))
    with pytest.raises(ManifestError, match="`store`"):
        extend(run, 60)
    assert world.put_off == []


def test_what_arm_does_not_take_changes_nothing(tmp_path: Path) -> None:
    world, run = held(tmp_path)
    world.faults["put off"] = ProvisioningError("it could not be given more time")
    with pytest.raises(ProvisioningError):
        extend(run, 60)
    record = run.folder.read()
    assert record is not None
    assert record.deadline == HELD["deadline"]
