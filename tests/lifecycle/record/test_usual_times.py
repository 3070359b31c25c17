"""How long phases took the last time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.lifecycle.fakes import TARGET, World
from tests.lifecycle.record.test_record import a_record
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.usual_times import usual_seconds


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


def test_a_run_tells_its_observer_before_its_first_phase(tmp_path: Path) -> None:
    run_folder(tmp_path / "state", "digits-aaaaaa").write(a_record("digits-aaaaaa", times={"keep_seconds": 7.0}))
    world = World(tmp_path)
    world.new_run().go()
    lines = world.observer.lines
    assert lines[0] == "expect keep"
    assert lines.index("under way digits-abc123") < lines.index("begin keep")
