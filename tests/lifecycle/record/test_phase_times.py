"""The phases of a run and their times: the same in the view, the record and `status`."""

from __future__ import annotations

from pathlib import Path

from tests.lifecycle.fakes import World
from tests.lifecycle.record.test_record import a_record
from tests.lifecycle.runs import record_of
from tfinfra.audit.log import read_events
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.times.phase_times import PhaseTime, phase_times


def test_a_run_has_in_its_log_what_it_showed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.new_run().go()
    shown = [line.removeprefix("end ") for line in world.observer.lines if line.startswith("end ")]
    record = record_of(world)
    times = phase_times(record, read_events(run_folder(tmp_path / "state", record.run).audit.path))
    assert sorted(time.phase for time in times) == sorted(shown)
    assert all(time.seconds == record.times[f"{time.phase}_seconds"] for time in times)


def test_a_phase_goes_on_failed_or_was_gone_through_again(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(
        '{"time": "1970-01-01T00:16:40Z", "event": "compute.begin"}\n'
        '{"time": "1970-01-01T00:16:45Z", "event": "compute.fail", "seconds": 5.0}\n'
        '{"time": "1970-01-01T00:17:00Z", "event": "compute.begin"}\n'
        '{"time": "1970-01-01T00:17:30Z", "event": "compute.end", "seconds": "x"}\n'
        'spoilt\n{"event": "train.begin"}\n{"event": 7}\n'
        '{"time": "1970-01-01T00:18:00Z", "event": "keep.begin"}\n'
        '{"time": "1970-01-01T00:18:01Z", "event": "keep.fail", "seconds": 1.0}\n'
    )
    assert phase_times(a_record(), read_events(tmp_path / "events.jsonl")) == [
        PhaseTime("compute", 1020.0, None),
        PhaseTime("keep", 1080.0, 1.0, failed=True),
    ]


def test_without_its_log_the_record_tells(tmp_path: Path) -> None:
    record = a_record(times={"started": 1000.0, "keep_seconds": 5.0})
    assert phase_times(record, read_events(tmp_path / "none")) == [PhaseTime("keep", None, 5.0)]
