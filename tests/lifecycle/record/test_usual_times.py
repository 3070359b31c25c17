"""How long phases took the last time."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.fakes import TARGET, World
from tests.lifecycle.record.test_record import a_record
from tfinfra.audit.log import AuditLog
from tfinfra.lifecycle.end import told_deletion
from tfinfra.lifecycle.end.teardown import down
from tfinfra.lifecycle.record.run_record import RunPhase, run_folder
from tfinfra.lifecycle.record.times.usual_times import usual_of, usual_seconds
from tfinfra.system.progress import say_nothing


def test_a_phase_took_what_the_newest_run_of_the_name_says(tmp_path: Path) -> None:
    for number, (run, times) in enumerate(
        {
            "digits-aaaaaa": {"train_seconds": 50.0, "environment_seconds": 40.0},
            "digits-bbbbbb": {"environment_seconds": 8.0},
            "digits-two-cccccc": {"train_seconds": 1.0},
        }.items()
    ):
        run_folder(tmp_path, run).write(a_record(run, target=TARGET, times={"started": 1000.0 + number, **times}))
    assert usual_seconds(tmp_path, "digits", TARGET, False) == {"train": 50.0, "environment": 8.0}
    assert usual_seconds(tmp_path, "digits", replace(TARGET, cloud="azure"), False) == {}
    assert usual_seconds(tmp_path / "none", "digits", TARGET, False) == {}


def test_further_runs_are_compared_with_further_runs_alone(tmp_path: Path) -> None:
    first, further = run_folder(tmp_path, "digits-aaaaaa"), run_folder(tmp_path, "digits-bbbbbb")
    first.write(a_record("digits-aaaaaa", target=TARGET, times={"started": 1.0, "prepare_seconds": 40.0}))
    further.write(a_record("digits-bbbbbb", target=TARGET, on="digits-aaaaaa", times={"prepare_seconds": 2.0}))
    assert usual_seconds(tmp_path, "digits", TARGET, False) == {"prepare": 40.0}
    assert usual_of(a_record("digits-cccccc", target=TARGET, on="digits-aaaaaa"), further) == {"prepare": 2.0}


def test_a_deletion_says_how_long_it_took_the_last_time_and_goes_on_saying_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = AuditLog(tmp_path / "events.jsonl", lambda: "", lambda line: None)
    monkeypatch.setattr(told_deletion, "AGAIN", 0.01)
    said: list[str] = []
    times = iter(range(0, 10000, 40))
    told = told_deletion.ToldDeletion(
        said.append, {"teardown": 60.0, "verify": 20.0}, lambda: float(next(times)), audit
    )
    deleting: Future[dict[str, str]] = Future()

    def tell(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            deleting.set_result({"a": "kept"})

    told.begin(["a-compute", "a-keep"])
    told = told_deletion.ToldDeletion(tell, {"teardown": 60.0}, lambda: float(next(times)), audit)
    with told.phase("teardown", ""):
        assert told.wait(deleting, ["a-compute"]) == {"a": "kept"}
    assert said == [
        "deleting a-compute, a-keep (about 1 min 20 s, as last time)",
        "waiting for a-compute to go, for 40 s; about 1 min, as last time",
        "waiting for a-compute to go, for 1 min 20 s; longer than last time (1 min)",
    ]
    assert told.times == {"teardown_seconds": 160.0}


def test_what_ends_a_run_from_outside_notes_how_long_that_took(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.new_run().go()
    folder = run_folder(tmp_path / "state", "digits-abc123")
    folder.update(phase=RunPhase.RUNNING, result=None, times={"started": 1.0})
    down(world.ports(), folder, "digits-abc123", say_nothing, lambda record: None)
    record = folder.read()
    assert record is not None
    assert {"teardown_seconds", "verify_seconds"} <= {*record.times}


def test_a_run_tells_its_observer_before_its_first_phase(tmp_path: Path) -> None:
    run_folder(tmp_path / "state", "digits-aaaaaa").write(a_record("digits-aaaaaa", times={"keep_seconds": 7.0}))
    world = World(tmp_path)
    world.new_run().go()
    lines = world.observer.lines
    assert lines[0] == "expect keep"
    assert lines.index("under way digits-abc123") < lines.index("begin keep")
